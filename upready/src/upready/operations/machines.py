"""The machines of a swarm as `invoke nodes` tells of them: each node, and what runs there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from upready.runtime.swarm import nodes
from upready.runtime.swarm.nodes import Node


@dataclass(frozen=True)
class Machine:
    """A node, and what runs there.

    Attributes:
        node: The node.
        label: What to call it.
        tasks: How many tasks of each service are there, by the service's name.
        asked: Whether it is the one whose engine was asked.
    """

    node: Node
    label: str
    tasks: Mapping[str, int]
    asked: bool

    def as_dict(self) -> dict[str, Any]:
        """The node as it stands under `nodes` in the JSON document."""
        node = self.node
        return {
            "id": node.id,
            "name": node.name,
            "role": node.role,
            "leader": node.leader,
            "reachability": node.reachability or None,
            "availability": node.availability,
            "state": node.state,
            "message": node.message or None,
            "address": node.address,
            "engine_version": node.version,
            "platform": f"{node.system}/{node.machine}",
            "cpus": node.cpus,
            "memory": node.memory,
            "context": node.context or None,
            "asked": self.asked,
            "tasks": dict(self.tasks),
        }


@dataclass(frozen=True)
class Overview:
    """All nodes of a swarm.

    Attributes:
        machines: The nodes, managers first.
        did: What was done to which of them: added, drained, activated, removed; empty where nothing was.
        to: The name of that node.
    """

    machines: Sequence[Machine]
    did: str = ""
    to: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The JSON document."""
        managers = [each.node for each in self.machines if each.node.role == nodes.MANAGER]
        return {
            "runtime": "swarm",
            "managers": len(managers),
            "quorum": nodes.quorum(len(managers)),
            "nodes": [each.as_dict() for each in self.machines],
            **({"changed": {"node": self.to, "what": self.did}} if self.did else {}),
        }
