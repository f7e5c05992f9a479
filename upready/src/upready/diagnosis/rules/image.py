"""An image that does not exist here, is for another platform, or could not be pulled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.stack.compose_failure import Failure
from upready.support import next_step

_KINDS = ("image", "platform", "registry silent", "registry denied", "not in registry")


def find(evidence: Evidence) -> Finding | None:
    """Compose names the image and why it was not pulled. The engine tells whether it has an image of that name."""
    failure = evidence.failure
    if failure is not None and failure.kind == "image name":
        return Finding(f"could not start: {evidence.refused}", evidence.change(("image",)))
    if failure is None or failure.kind not in _KINDS:
        return None
    name = _name(evidence, failure)
    here = evidence.docker.image(name) if evidence.docker else None
    message, remedy = (_present(evidence, failure, name, here) if here else None) or _absent(evidence, failure, name)
    return Finding(message, remedy, failure.quotes)


def _present(evidence: Evidence, failure: Failure, name: str, here: Mapping[str, Any]) -> tuple[str, str] | None:
    """Message and step where the engine has an image of that name, and compose still asks for another one."""
    policy = str(evidence.service.config.get("pull_policy") or "")
    platform = str(evidence.service.config.get("platform") or "")
    made = f"{here.get('Os', 'linux')}/{here.get('Architecture', '')}"
    if platform and not _fits(made, platform):
        return (
            f"has no image: {name} is here for {made}, but platform: {platform} asks for another one, and "
            f"{_why(failure)}",
            next_step.either(evidence.change(("platform",), made), f"docker pull --platform {platform} {name}"),
        )
    if policy in ("always", "daily", "weekly", "refresh") or policy.startswith("every_"):
        return (
            f"was not started: {name} is here, but pull_policy: {policy} asks the registry for it, and {_why(failure)}",
            next_step.either(
                evidence.change(("pull_policy",), "missing"), f"once the registry answers: {evidence.restart}"
            ),
        )
    if platform or (name == evidence.service.image and evidence.service.built):
        return None
    return (
        f"was not started: {name} is here, but compose asks its registry for it, and {_why(failure)}",
        f"once the registry answers: {evidence.restart}",
    )


def _absent(evidence: Evidence, failure: Failure, name: str) -> tuple[str, str]:
    """Message and step where the engine has no such image."""
    if name == evidence.service.image and evidence.service.built:
        return f"has no image: {name} has not been built", f"invoke build --service {evidence.service.name}"
    pull = f"docker pull {name}"
    if failure.kind == "image":
        never = evidence.service.config.get("pull_policy") == "never"
        return f"has no image: {name} is not here" + (
            ", and pull_policy: never forbids to pull it" if never else ""
        ), pull
    if failure.kind == "registry silent":
        return f"has no image: {name} is not here, and {_why(failure)}", f"once the registry answers: {pull}"
    if failure.kind == "registry denied":
        first = name.split("/", maxsplit=1)[0]
        registry = first if "." in first or ":" in first else ""
        return (
            f"has no image: {name} is not here, and its registry refuses it: the name is wrong, or you must log in",
            next_step.either(evidence.change(("image",)), f"docker login {registry}".rstrip()),
        )
    return (
        f"has no image: {name} is neither here nor in its registry",
        next_step.either(evidence.change(("image",)), pull),
    )


def _name(evidence: Evidence, failure: Failure) -> str:
    """The image in question: mostly the service's, but its hooks and mounts have images too."""
    own = evidence.service.image
    return own if failure.image.removesuffix(":latest") in ("", own.removesuffix(":latest")) else failure.image


def _fits(made: str, platform: str) -> bool:
    """Whether an image is for a platform: `linux/amd64`; one may have a variant too."""
    return made.split("/")[:2] == (platform if "/" in platform else f"linux/{platform}").split("/")[:2]


def _why(failure: Failure) -> str:
    """The end of a chain of causes: `… dial tcp: lookup registry on 10.0.0.1:53: no such host`."""
    words = failure.quotes[0] if failure.quotes else failure.message
    match = re.search(r"(?:lookup \S+|dial \w+ \S+|Head|Get)[^\n]*$", words)
    why = (match[0] if match else words)[:200]
    return f"its registry does not answer: {why}" if failure.kind == "registry silent" else why
