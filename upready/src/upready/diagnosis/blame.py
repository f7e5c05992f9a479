"""Which service is at fault: the one that an error is about, or the last in a chain of services that wait."""

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
    """Whether compose or the engine refused something: time was not up, no service failed, and the engine answers."""
    failure = compose_failure.of(error)
    return not isinstance(error, EngineError | UnhealthyError) and (failure is None or failure.kind != "dependency")


def services(error: OpsError, model: Model, healths: Sequence[Health]) -> list[str]:
    """The services that an error is about: those that it names, else the first one that uses what it names."""
    wanted = {each.name: each for each in model.wanted}
    failure = compose_failure.of(error)
    about = [(kind, name) for each in failure.about for kind, _, name in [each.partition(" ")]] if failure else []
    if named := [name for kind, name in about if kind == "service" and name in wanted]:
        return list(dict.fromkeys(named))
    containers = {each.container.name: each.service for each in healths if each.container}
    # Of several services with the same image, the one that makes compose ask the registry comes first.
    chosen = sorted(wanted.values(), key=lambda each: not _asks(each))
    for kind, name in about:
        for service in chosen:
            if kind == "container" and (
                containers.get(name) == service.name
                # A container that is being replaced has a prefix for a moment.
                or re.sub(r"^[0-9a-f]{12}_", "", name) in _containers(model, service)
            ):
                return [service.name]
            if kind != "container" and name in _used(model, service, kind):
                return [service.name]
    return []


def _asks(service: Service) -> bool:
    """Whether compose asks the registry for the image of a service, although the engine has one of that name."""
    policy = str(service.config.get("pull_policy") or "missing")
    return bool(service.config.get("platform")) or policy not in ("missing", "if_not_present", "never", "build")


def root(name: str, blames: Mapping[str, str | None]) -> str:
    """The end of a chain of services that begins with `name`; `blames` tells which service each one waits for."""
    seen = {name}
    while (other := blames.get(name)) and other not in seen:
        name = other
        seen.add(name)
    return name


def _containers(model: Model, service: Service) -> Iterator[str]:
    """The names that compose gives the containers of a service."""
    if own := service.config.get("container_name"):
        yield str(own)
    else:
        yield from (f"{model.stack.project}-{service.name}-{number + 1}" for number in range(service.replicas))


def _used(model: Model, service: Service, kind: str) -> Iterator[str]:
    """The names, compose's and the engine's, of what a service uses of a kind: image, network, volume, secret."""
    config: Mapping[str, Any] = service.config
    mounted = [each.get("source") for each in config.get("volumes") or [] if isinstance(each, dict)]
    if kind == "image":
        yield from (service.image, f"{service.image}:latest", *filter(None, mounted))
        yield from (str(hook.get("image")) for hook in config.get("pre_start") or [])
        return
    listed = [*(config.get("secrets") or []), *(config.get("configs") or [])]
    held = [each.get("source") if isinstance(each, dict) else each for each in listed]
    networks = list(config.get("networks") or {"default": None})
    keys = {"network": networks, "volume": mounted, "secret": held, "config": held, "file": held}.get(kind, [])
    for key in filter(None, keys):
        yield str(key)
        for section in ("secrets", "configs") if kind == "file" else (f"{kind}s",):
            entry = (model.raw.get(section) or {}).get(key)
            if isinstance(entry, dict) and entry.get("name"):
                yield str(entry["name"])
