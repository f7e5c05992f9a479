"""The names of a stack's parts in Swarm, and the label by which they are found again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from upready.runtime.docker import inspection
from upready.runtime.interface import Origin

STACK = "com.docker.stack.namespace"
"""The label of whatever belongs to a stack: the one of `docker stack`, which lists and removes such stacks, too."""

PROJECT = "com.docker.compose.project"
"""The label of a stack's services with compose's project name, by which every checkout finds them."""

IMAGE = "com.docker.stack.image"
"""The label of a service with its image as the compose file names it."""

HASH = "upready.hash"
"""The label of a service with a mark of all that makes its tasks: the same mark is no change."""

_LONGEST, _LONGEST_FILE = 63, 64


def service(project: str, name: str) -> str:
    """The name of a service: `shop_web`. Swarm takes only what can stand in a domain name, at most 63 letters."""
    asked = f"{project}_{name}"
    # Swarm's own pattern has a second `+`, with which Python tries for hours where a dot follows many letters.
    if len(asked) <= _LONGEST and re.fullmatch(r"[A-Za-z0-9](?:[-_]*[A-Za-z0-9])*", asked):
        return asked
    mark = hashlib.sha256(asked.encode()).hexdigest()[:8]
    plain = re.sub(r"[^A-Za-z0-9_-]", "-", asked).lstrip("-_")[: _LONGEST - 9].rstrip("-_")
    return f"{plain}-{mark}"


def versioned(name: str, mark: str) -> str:
    """The name of a secret or config with the mark of its content; Swarm takes at most 64 letters."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "-", name).lstrip("-_.")
    return f"{plain[: _LONGEST_FILE - 1 - len(mark)]}_{mark}"


def key_of(service: Mapping[str, Any]) -> str:
    """The name of a service of Swarm in the compose file."""
    spec = service["Spec"]
    known = (spec.get("Labels") or {}).get(inspection.SERVICE)
    project = (spec.get("Labels") or {}).get(STACK, "")
    return str(known or str(spec["Name"]).removeprefix(f"{project}_"))


def origin(labels: Mapping[str, str]) -> Origin:
    """Where a service of Swarm was started, as its labels say."""
    return inspection.origin(labels)


def image(spec: Mapping[str, Any]) -> str:
    """What a service's spec names as its image."""
    return str(((spec.get("TaskTemplate") or {}).get("ContainerSpec") or {}).get("Image") or "")
