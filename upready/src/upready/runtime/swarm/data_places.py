"""On which nodes the volumes of a stack are, where no constraint tells: by its tasks, and by the nodes' engines."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from upready.runtime.docker.engine import answering
from upready.runtime.swarm import nodes
from upready.support import background
from upready.support.errors import OpsError

if TYPE_CHECKING:
    from upready.runtime.swarm.engine import SwarmEngine
    from upready.runtime.swarm.nodes import Node

PATIENCE = 30.0
"""Seconds for the engines of all nodes to tell of their volumes; one that does not answer has long failed by then."""


class DataPlaces(Protocol):
    """Knows where data is."""

    def of_tasks(self, service: str) -> list[str]:
        """The ids of the nodes on which the tasks of a service run, else of the one that had the last."""

    def of_volumes(self, named: Collection[str]) -> list[str]:
        """The ids of the nodes whose engines have one of some volumes."""


class _Nowhere:
    def of_tasks(self, service: str) -> list[str]:
        """No nodes."""
        return []

    def of_volumes(self, named: Collection[str]) -> list[str]:
        """No nodes."""
        return []


NOWHERE: DataPlaces = _Nowhere()
"""Knows of no data."""


class Asked:
    """Asks the swarm, and each node's engine, but only once there is a question.

    Args:
        swarm: The manager.
        project: The stack's name.
    """

    def __init__(self, swarm: SwarmEngine, project: str) -> None:
        self._swarm, self._project = swarm, project
        self._volumes: Mapping[str, frozenset[str]] | None = None

    def of_tasks(self, service: str) -> list[str]:
        """The ids of the nodes on which the tasks of a service run, else of the one that had the last.

        Raises:
            EngineError: The manager does not answer.
        """
        api: Any = self._swarm.client.api
        with answering():
            return placed(api.tasks(filters={"service": service}))

    def of_volumes(self, named: Collection[str]) -> list[str]:
        """The ids of the nodes whose engines have one of some volumes; of one that cannot be asked nobody knows.

        Raises:
            EngineError: The manager does not answer.
        """
        if self._volumes is None:
            with answering():
                known = {each.id: each for each in nodes.every(self._swarm.client.api)}
            asked = [each.id for each in known.values() if _can_be_asked(each, self._swarm.node)]
            self._volumes = background.each(lambda identifier: self._on(known[identifier]), asked, PATIENCE)
        return [node for node, volumes in self._volumes.items() if not volumes.isdisjoint(named)]

    def _on(self, node: Node) -> frozenset[str]:
        try:
            api: Any = self._swarm.of_node(node).client.api
            with answering():
                return frozenset(str(each["Name"]) for each in api.volumes().get("Volumes") or ())
        except OpsError:
            return frozenset()


def placed(tasks: Collection[Mapping[str, Any]]) -> list[str]:
    """The ids of the nodes on which tasks of a service run, else of the one that had the last."""
    ordered = sorted((each for each in tasks if each.get("NodeID")), key=lambda each: str(each["CreatedAt"]))
    running = [each for each in ordered if each["Status"]["State"] == "running"]
    return list(dict.fromkeys(str(each["NodeID"]) for each in running or ordered[-1:]))


def _can_be_asked(node: Node, own: str) -> bool:
    return node.id == own or (node.state == nodes.READY and bool(node.context))
