"""The kinds of processors of nodes and of images: a node names its own as its kernel does, an image as Go does.

Swarm compares the two names as they are, but for those of the two usual kinds of 64 bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upready.runtime.swarm import units

_USUAL = {"x86_64": "amd64", "aarch64": "arm64"}
"""The names of kernels that Swarm takes for those of images."""

_OF_KERNELS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("386", ""): ("386", "i386", "i486", "i586", "i686", "amd64"),
    ("arm", "v5"): ("arm", "armv5tel", "armv5tejl", "armv6l", "armv7l", "armv8l"),
    ("arm", "v6"): ("arm", "armv6l", "armv7l", "armv8l"),
    ("arm", "v7"): ("arm", "armv7l", "armv8l"),
    ("arm", "v8"): ("arm", "armv8l"),
}
"""The kinds that nodes name otherwise, with all names of nodes that run them; `arm` alone is v7, as for docker."""


def machine(name: str) -> str:
    """The kind of a node as Swarm compares it: amd64, arm64, armv7l."""
    return _USUAL.get(name, name)


def asked(platform: str) -> list[dict[str, Any]]:
    """The platforms of a service that asks for one (`linux/arm/v7`), as the API has them: one of them is enough."""
    system, _, rest = platform.partition("/")
    kind, _, variant = rest.partition("/")
    several = [units.stripped({"OS": system or None, "Architecture": each or None}) for each in _names(kind, variant)]
    return [each for each in several if each]


def same(platform: Mapping[str, Any], system: str, name: str) -> bool:
    """Whether Swarm takes a node for one of a platform, by the node's system and the name of its kind."""
    kind = machine(str(platform.get("Architecture") or ""))
    return platform.get("OS") in (None, "", system) and kind in ("", machine(name))


def runs(image: Mapping[str, Any], name: str) -> bool:
    """Whether a node runs an image: by the engine's description of it, and the name of the node's kind.

    What is not known is no reason against it.
    """
    kind = str(image.get("Architecture") or "")
    return not kind or not name or machine(name) in _names(kind, str(image.get("Variant") or ""))


def told(image: Mapping[str, Any]) -> str:
    """The kind that an image was built for: `arm/v7`."""
    return "/".join(filter(None, (str(image.get(key) or "") for key in ("Architecture", "Variant"))))


def _names(kind: str, variant: str) -> tuple[str, ...]:
    """All names of nodes that run a kind."""
    kind = machine(kind)
    return _OF_KERNELS.get((kind, (variant or "v7") if kind == "arm" else ""), (kind,))
