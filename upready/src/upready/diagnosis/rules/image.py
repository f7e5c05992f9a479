"""An image that is not there, or not for the platform that is asked for, or not asked for in a way that works."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.support import next_step

_MISSING = (
    r"the image \S+ (is not there|could not be pulled)"
    r"|No such image|pull access denied|manifest (for [^\n]* )?(unknown|not found)|failed to resolve reference"
    r"|repository [^\n]* not found|no matching manifest|/v2/[^\n]*\": |does not provide the specified platform"
    r"|does not match the (specified|detected) (platform|host)"
)
_UNREACHABLE = (
    r"no such host|server misbehaving|Temporary failure in name resolution|i/o timeout|TLS handshake timeout"
    r"|connection refused|connection reset|network is unreachable|no route to host|deadline exceeded|Client\.Timeout"
    r"|proxyconnect|x509:|certificate|: EOF|request canceled|50[234] "
)
_DENIED = r"denied|unauthorized|authentication required"


def find(evidence: Evidence) -> Finding | None:  # noqa: PLR0911 - one return a possibility
    """Told by the words of compose and the engine; whether an image of that name is here, by the engine."""
    if re.search(r"invalid reference format", evidence.said):
        return Finding("image", f"could not start: {evidence.said_briefly}", evidence.change(("image",)))
    if not re.search(_MISSING, evidence.said, re.IGNORECASE):
        return None
    name = _name(evidence)
    words = _words(evidence.said)
    shown = [words] if words else []
    here = _here(evidence, name)
    silent = re.search(_UNREACHABLE, evidence.said) is not None
    why = f"its registry does not answer: {_briefly(words)}" if silent else _briefly(words)
    policy = str(evidence.service.config.get("pull_policy") or "")
    platform = str(evidence.service.config.get("platform") or "")
    made = f"{here.get('Os', 'linux')}/{here.get('Architecture', '')}" if here else ""
    if here and platform and not _fits(made, platform):
        return Finding(
            "image",
            f"has no image: {name} is here for {made}, but platform: {platform} asks for another one, and {why}",
            next_step.either(evidence.change(("platform",), made), f"docker pull --platform {platform} {name}"),
            shown,
        )
    if here and (policy in ("always", "daily", "weekly", "refresh") or policy.startswith("every_")):
        return Finding(
            "image",
            f"was not started: {name} is here, but pull_policy: {policy} asks the registry for it, and {why}",
            next_step.either(evidence.change(("pull_policy",), "missing"), f"once it answers: {evidence.restart}"),
            shown,
        )
    if name == evidence.service.image and evidence.service.built:
        return Finding(
            "image",
            f"has no image: {name} has not been built",
            f"invoke build --service {evidence.service.name}",
            shown,
        )
    pull = f"docker pull {name}"
    if here and not platform:
        return Finding(
            "image",
            f"was not started: {name} is here, but compose asks its registry for it, and {why}",
            f"once the registry answers: {evidence.restart}",
            shown,
        )
    if "No such image" in evidence.said or "is not there" in evidence.said:
        never = f", and pull_policy: {policy} lets nobody pull it" if policy == "never" else ""
        return Finding("image", f"has no image: {name} is not here{never}", pull, shown)
    if silent:
        return Finding(
            "image", f"has no image: {name} is not here, and {why}", f"once the registry answers: {pull}", shown
        )
    if re.search(_DENIED, evidence.said):
        registry = name.split("/")[0] if "." in name.split("/")[0] or ":" in name.split("/")[0] else ""
        return Finding(
            "image",
            f"has no image: {name} is not here, and its registry does not give it: there is none of that name, "
            "or you must log in",
            next_step.either(evidence.change(("image",)), f"docker login {registry}".rstrip()),
            shown,
        )
    return Finding(
        "image",
        f"has no image: {name} is neither here nor in its registry",
        next_step.either(evidence.change(("image",)), pull),
        shown,
    )


def _name(evidence: Evidence) -> str:
    """The image in question: mostly the service's, but its hooks and mounts have images too."""
    about = evidence.refusal.about if evidence.refusal else ()
    named = [each.removeprefix("image ") for each in about if each.startswith("image ")]
    return named[0] if named and _untagged(named[0]) != _untagged(evidence.service.image) else evidence.service.image


def _untagged(name: str) -> str:
    return name.removesuffix(":latest")


def _here(evidence: Evidence, name: str) -> Mapping[str, Any] | None:
    return evidence.docker.image(name) if evidence.docker else None


def _fits(made: str, platform: str) -> bool:
    """Whether an image is for a platform: `linux/amd64`; one may have a variant too."""
    return made.split("/")[:2] == (platform if "/" in platform else f"linux/{platform}").split("/")[:2]


def _words(said: str) -> str:
    """The engine's own sentence."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    own = [line for line in lines if "Error response from daemon" in line]
    return (own or lines)[-1].removeprefix("Error response from daemon: ")


def _briefly(words: str) -> str:
    """The end of a chain of causes: `… dial tcp: lookup registry on 10.0.0.1:53: no such host`."""
    match = re.search(r"(?:lookup \S+|dial \w+ \S+|Head|Get)[^\n]*$", words)
    return (match[0] if match else words)[:200]
