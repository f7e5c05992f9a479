"""Services that use the network, the IPC or the processes of another service's container (`network_mode: service:db`).

Compose makes such a container with the id of the other one in the place of that service's name, and its hash, too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from upready.runtime.interface import Container
from upready.stack.selection import Stack
from upready.stack.service import Service
from upready.support import state

KEYS: Mapping[str, str] = {"network_mode": "network", "ipc": "IPC", "pid": "processes"}
"""Compose's keys, each with a word for what is shared."""

FILE = "upready-sharing.yaml"
"""The compose file with the ids, in the project's state folder."""


def holders(service: Service) -> dict[str, str]:
    """The services whose containers a service uses, by the key that says so."""
    written = {key: str(service.config.get(key) or "") for key in KEYS}
    return {key: text.removeprefix("service:") for key, text in written.items() if text.startswith("service:")}


def resolved(stack: Stack, services: Sequence[Service], running: Mapping[str, Sequence[Container]]) -> Stack:
    """The stack as compose makes containers of it: with the ids of those that are shared.

    Args:
        stack: The stack.
        services: Its services.
        running: The containers of each service.
    """
    told = {}
    for service in services:
        found = {key: running.get(name) for key, name in holders(service).items()}
        if entry := {key: f"container:{each[0].id}" for key, each in found.items() if each}:
            told[service.name] = entry
    if not told:
        return stack
    path = state.make(stack.root) / FILE
    state.write(path, {"services": told})
    return dataclasses.replace(stack, files=(*stack.files, path))


def why(service: Service, anew: Sequence[str]) -> str:
    """Why a service must be replaced once others have other containers; empty where it need not be.

    Args:
        service: The service.
        anew: The services that get other containers.
    """
    for key, name in holders(service).items():
        if name in anew:
            return f"it uses the {KEYS[key]} of {name}"
    return ""
