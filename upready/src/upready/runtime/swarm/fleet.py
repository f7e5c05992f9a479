"""All that a manager knows at one moment: nodes, services, tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from upready.runtime.swarm import names, nodes
from upready.runtime.swarm.nodes import Node

LIVE = ("new", "pending", "assigned", "accepted", "preparing", "ready", "starting", "running")
"""The states of tasks that take up room, or will."""


@dataclass(frozen=True)
class Fleet:
    """Nodes, services and tasks.

    Attributes:
        nodes: All nodes.
        services: The services by id, as the engine's API has them.
        tasks: The tasks, as the API has them, ended ones included.
    """

    nodes: tuple[Node, ...]
    services: Mapping[str, Mapping[str, Any]]
    tasks: tuple[Mapping[str, Any], ...]

    def on(self, node: Node) -> list[Mapping[str, Any]]:
        """The tasks that take up room on a node."""
        return [each for each in self.tasks if each.get("NodeID") == node.id and lives(each)]

    def service_of(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """The service of a task; empty where it is gone."""
        return self.services.get(str(task.get("ServiceID")), {})

    def name(self, service: Mapping[str, Any]) -> str:
        """What to call a service."""
        return str((service.get("Spec") or {}).get("Name") or service.get("ID") or "?")


def read(api: Any) -> Fleet:
    """All that a manager knows now.

    Args:
        api: The SDK's client of a manager.
    """
    services = {str(each["ID"]): each for each in api.services()}
    return Fleet(tuple(nodes.every(api)), services, tuple(api.tasks()))


def lives(task: Mapping[str, Any]) -> bool:
    """Whether a task takes up room, or will."""
    return (task.get("Status") or {}).get("State") in LIVE


def image(service: Mapping[str, Any]) -> str:
    """The image of a service, as people know it."""
    spec = service.get("Spec") or {}
    container = (spec.get("TaskTemplate") or {}).get("ContainerSpec") or {}
    return str((spec.get("Labels") or {}).get(names.IMAGE) or container.get("Image") or "")
