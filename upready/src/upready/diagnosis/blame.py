"""Whose fault it is: whom an error of compose or the engine is about, and who waits for whom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from upready.readiness.health import Health
from upready.stack import compose_failure
from upready.stack.model import Model
from upready.stack.service import Service
from upready.support.errors import EngineError, OpsError, UnhealthyError


def refuses(error: OpsError) -> bool:
    """Whether an error is a refusal: not that time was up, that a service failed, or that no engine answers."""
    failure = compose_failure.of(error)
    return not isinstance(error, EngineError | UnhealthyError) and (failure is None or failure.kind != "dependency")


def services(error: OpsError, model: Model, healths: Sequence[Health]) -> list[str]:
    """The services that an error is about: those it names, else the first that uses the thing which it names.

    Args:
        error: What compose or the engine said.
        model: The stack.
        healths: Every replica, which tell the names of the containers.
    """
    wanted = {each.name: each for each in model.wanted}
    failure = compose_failure.of(error)
    about = [(kind, name) for each in failure.about for kind, _, name in [each.partition(" ")]] if failure else []
    if named := [name for kind, name in about if kind == "service" and name in wanted]:
        return list(dict.fromkeys(named))
    containers = {each.container.name: each.service for each in healths if each.container}
    # An image that all use is asked of its registry by the one whose entry says so.
    chosen = sorted(wanted.values(), key=lambda each: not (_asks(each)))
    for kind, name in about:
        for service in chosen:
            if kind == "container" and (
                containers.get(name) == service.name
                or re.sub(r"^[0-9a-f]{12}_", "", name) in _containers(model, service)
            ):
                return [service.name]
            if kind != "container" and name in _used(model, service, kind):
                return [service.name]
    return []


def _asks(service: Service) -> bool:
    """Whether a service asks for its image though there is one of that name."""
    policy = str(service.config.get("pull_policy") or "missing")
    return bool(service.config.get("platform")) or policy not in ("missing", "if_not_present", "never", "build")


def root(name: str, blames: Mapping[str, str | None]) -> str:
    """The service at the end of a chain of those that wait for each other.

    Args:
        name: Where the chain begins.
        blames: For each service that waits, the one that it waits for.
    """
    seen = {name}
    while (other := blames.get(name)) and other not in seen:
        name = other
        seen.add(name)
    return name


def _containers(model: Model, service: Service) -> Iterator[str]:
    """The names that compose gives a service's containers; one that is being replaced has a prefix for a moment."""
    own = service.config.get("container_name")
    yield from (
        [str(own)]
        if own
        else [f"{model.stack.project}-{service.name}-{number + 1}" for number in range(service.replicas)]
    )


def _used(model: Model, service: Service, kind: str) -> Iterator[str]:
    """The names, compose's and the engine's, of what a service uses of a kind: image, network, volume, secret."""
    config: Mapping[str, Any] = service.config
    if kind == "image":
        yield service.image
        yield f"{service.image}:latest"
        for hook in config.get("pre_start") or []:
            yield str(hook.get("image"))
    keys: list[Any] = {
        "image": [],
        "network": list(config.get("networks") or {"default": None}),
        "volume": [each.get("source") for each in config.get("volumes") or [] if isinstance(each, dict)],
    }.get(kind, [])
    if kind == "image":
        keys = [each.get("source") for each in config.get("volumes") or [] if isinstance(each, dict)]
    if kind in ("secret", "config", "file"):
        listed = [*(config.get("secrets") or []), *(config.get("configs") or [])]
        keys = [each.get("source") if isinstance(each, dict) else each for each in listed]
    sections = ("secrets", "configs") if kind == "file" else (f"{kind}s",)
    for key in filter(None, keys):
        yield str(key)
        for section in sections:
            entry = (model.raw.get(section) or {}).get(key) if kind != "image" else None
            if isinstance(entry, dict) and entry.get("name"):
                yield str(entry["name"])
