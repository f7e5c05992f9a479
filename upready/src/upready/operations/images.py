"""What the images of a stack weigh: their size, what they add to their base, and whether that is within its budget."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from upready.runtime.docker.engine import PROJECT, Engine, answering
from upready.stack import model
from upready.stack import selection as stacks
from upready.stack.settings import Settings
from upready.support import units

if TYPE_CHECKING:
    from upready.schemas import project

LARGEST = 3
"""How many of an image's own layers are told."""


@dataclass(frozen=True)
class Layer:
    """One layer of an image: its bytes, and the instruction that made it."""

    size: int
    instruction: str


@dataclass(frozen=True)
class Image:
    """One service's image. Sizes are bytes, uncompressed; None where the image, its base or a budget is not there.

    Attributes:
        service: The service.
        image: The image's name.
        size: The whole image.
        base: The image it is built on, told by its layers.
        base_size: The whole base.
        budget: What it may add to its base (`x-ops.size-budget`).
        layers: The largest layers that it adds, largest first.
    """

    service: str
    image: str
    size: int | None
    base: str | None = None
    base_size: int | None = None
    budget: int | None = None
    layers: tuple[Layer, ...] = ()

    @property
    def added(self) -> int | None:
        """What the image adds to its base."""
        return self.size - self.base_size if self.size is not None and self.base_size is not None else None

    @property
    def within(self) -> bool | None:
        """Whether that is within the budget; None where it cannot be told."""
        return self.added <= self.budget if self.added is not None and self.budget is not None else None

    def as_dict(self) -> project.Image:
        """The image as it stands under `images` in the JSON document."""
        return {
            "service": self.service,
            "image": self.image,
            "size": self.size,
            "base": self.base,
            "base_size": self.base_size,
            "added": self.added,
            "budget": self.budget,
            "within": self.within,
            "layers": [{"size": each.size, "instruction": each.instruction} for each in self.layers],
        }


def measure(connected: Engine, settings: Settings, environment: str = "") -> list[Image]:
    """Measure the images of an environment, or of all; of every profile.

    Raises:
        EngineError: The engine does not answer.
        UsageError: A budget is no size.
    """
    names = [environment] if environment else list(settings.environments)
    services = {
        (service.name, service.image): service
        for name in names
        for service in model.load_all(stacks.select(settings, name)).services.values()
    }
    named = _named(connected)
    # What compose has built, here or for another project, would be a base that holds what was added.
    bases = {tag: detail for tag, detail in named.items() if PROJECT not in _labels(detail)}
    found = []
    for _, service in sorted(services.items()):
        budget = service.ops.get("size-budget")
        limit = units.parse_size(str(budget), f"{service.name}: x-ops.size-budget") if budget is not None else None
        detail = named.get(service.image) or named.get(f"{service.image}:latest")
        if detail is None:
            found.append(Image(service.name, service.image, None, budget=limit))
            continue
        base = _base(detail, bases) if service.built else None
        if base is None:
            found.append(Image(service.name, service.image, detail["Size"], budget=limit))
            continue
        with answering():
            histories = [connected.client.api.history(each["Id"]) for each in (detail, bases[base])]  # type: ignore[no-untyped-call]
        layers = _largest(*histories)
        found.append(Image(service.name, service.image, detail["Size"], base, bases[base]["Size"], limit, layers))
    return found


def _base(detail: Mapping[str, Any], candidates: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The image whose layers an image starts with; of several, the one that shares most."""
    layers = _layers(detail)
    shared = {
        tag: len(_layers(other))
        for tag, other in candidates.items()
        if 0 < len(_layers(other)) < len(layers) and layers[: len(_layers(other))] == _layers(other)
    }
    return max(shared, key=lambda tag: (shared[tag], tag)) if shared else None


def _labels(detail: Mapping[str, Any]) -> Mapping[str, str]:
    return (detail.get("Config") or {}).get("Labels") or {}


def _layers(detail: Mapping[str, Any]) -> Sequence[str]:
    return (detail.get("RootFS") or {}).get("Layers") or []


def _largest(history: Sequence[Mapping[str, Any]], base: Sequence[Mapping[str, Any]]) -> tuple[Layer, ...]:
    """The largest layers of an image's history (newest first) that its base does not have."""
    own = history[: max(0, len(history) - len(base))]
    layers = [Layer(each["Size"], _instruction(each["CreatedBy"])) for each in own if each["Size"]]
    return tuple(sorted(layers, key=lambda layer: -layer.size)[:LARGEST])


def _instruction(text: str) -> str:
    """The instruction as it stands in the Dockerfile, without what the builder adds to it."""
    text = " ".join(text.removesuffix("# buildkit").split())
    return re.sub(r"^(?:RUN )?(?:\|\d+ .*?)?/bin/sh -c (#\(nop\) )?", lambda found: "" if found[1] else "RUN ", text)


def _named(connected: Engine) -> dict[str, Mapping[str, Any]]:
    """Every tagged image of the engine, by its tags."""
    from docker.errors import ImageNotFound

    found: dict[str, Mapping[str, Any]] = {}
    with answering():
        for each in connected.client.api.images():
            tags = [tag for tag in each.get("RepoTags") or () if not tag.startswith("<none>")]
            if not tags:
                continue
            # Somebody may remove one meanwhile.
            with contextlib.suppress(ImageNotFound):
                detail: Mapping[str, Any] = connected.client.api.inspect_image(each["Id"])  # type: ignore[no-untyped-call]
                found |= dict.fromkeys(tags, detail)
    return found
