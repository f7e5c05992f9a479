"""Services that are bound to a container of another one: they change where that one does, as with compose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from upready.runtime.interface import Container
from upready.stack.model import Service

SPACES = {"network_mode": "NetworkMode", "ipc": "IpcMode", "pid": "PidMode"}
"""The settings that name another service, whose namespace is shared; and how the engine calls them."""

_SERVICE, _CONTAINER = "service:", "container:"


def shared(service: Service) -> dict[str, str]:
    """The services whose namespaces or volumes a service shares, by the setting that says so."""
    found = {key: str(service.config.get(key) or "") for key in SPACES}
    named = {key: value.removeprefix(_SERVICE) for key, value in found.items() if value.startswith(_SERVICE)}
    volumes = [str(each) for each in service.config.get("volumes_from") or [] if not str(each).startswith(_CONTAINER)]
    return {**named, **{f"volumes_from: {each}": each.partition(":")[0] for each in volumes}}


def restarts_with(service: Service) -> list[str]:
    """The services with which a service is restarted when they change (`depends_on.NAME.restart`)."""
    depends = service.config.get("depends_on") or {}
    return [name for name, how in depends.items() if isinstance(how, Mapping) and how.get("restart")]


def reasons(service: Service, anew: Mapping[str, bool]) -> list[str]:
    """Why a service changes with others: it shares what is theirs, or is restarted with them. Else nothing.

    Args:
        service: The service.
        anew: The services that get new containers, and whether each of them is only created.
    """
    told = [f"{key} of {other}, which changes" for key, other in shared(service).items() if other in anew]
    return told or [f"depends_on.{each}.restart" for each in restarts_with(service) if anew.get(each) is False]


def sharers(services: Mapping[str, Service], name: str) -> list[str]:
    """The services that share something of the one of that name."""
    return [each.name for each in services.values() if each.replicas and name in shared(each).values()]


def as_running(
    services: Mapping[str, Service], running: Mapping[str, Sequence[Container]]
) -> dict[str, dict[str, Any]]:
    """The entries that name the containers whose namespaces are shared now: compose's hash is made of their ids.

    A container that is gone is not named, so that its service counts as changed.
    """
    told: dict[str, dict[str, Any]] = {}
    for service in services.values():
        for key, other in shared(service).items():
            known = {f"{_CONTAINER}{each.id}" for each in running.get(other, ())}
            uses = {(each.raw.get("HostConfig") or {}).get(SPACES.get(key, "")) for each in running[service.name]}
            if len(uses) == 1 and uses <= known:
                told.setdefault(service.name, {})[key] = uses.pop()
    return told
