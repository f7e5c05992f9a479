"""The volumes of a stack on every node of a swarm: Swarm knows none of them, each node's engine knows its own."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from upready.runtime.docker.engine import answering
from upready.runtime.docker.store import Store
from upready.runtime.swarm import names, nodes, pins, presence
from upready.support import background
from upready.support.errors import OpsError

if TYPE_CHECKING:
    from upready.runtime.swarm.engine import SwarmEngine
    from upready.runtime.swarm.nodes import Node


def find(swarm: SwarmEngine, project: str) -> list[Store]:
    """The volumes of a stack by node, those of the manager's own node first.

    A node that can be asked and has none is left out. One that cannot be asked is not: nobody knows what it has.

    Args:
        swarm: The manager that is asked.
        project: The stack's name.

    Raises:
        EngineError: The manager does not answer.
    """
    with answering():
        others = [each for each in nodes.every(swarm.client.api) if each.id != swarm.node]
    named = _named(swarm, project) if others else {}
    found = background.together(
        [functools.partial(_on, swarm, node, project, named.get(node.id, ())) for node in others]
    )
    own = Store(swarm, tuple(presence.volumes(swarm, project)))
    return [own, *(each for each in found if each.volumes or each.why)]


def _on(swarm: SwarmEngine, node: Node, project: str, named: tuple[str, ...]) -> Store:
    try:
        engine = swarm.of_node(node)
        return Store(engine, tuple(presence.volumes(engine, project)), node.name)
    except OpsError as error:
        return Store(None, named, node.name, error.message, error.next)


def _named(swarm: SwarmEngine, project: str) -> dict[str, tuple[str, ...]]:
    """The volumes of a stack that its tasks name, by the id of the node: what a node has that cannot be asked."""
    found: dict[str, set[str]] = {}
    for task in swarm.look(project).tasks:
        mine = [each for each in pins.volumes({"TaskTemplate": task["Spec"]}) if each in _own(task, project)]
        found.setdefault(str(task.get("NodeID") or ""), set()).update(mine)
    return {node: tuple(sorted(volumes)) for node, volumes in found.items()}


def _own(task: Mapping[str, Any], project: str) -> set[str]:
    """The volumes of a task that belong to the stack: no external ones."""
    mounts = (task["Spec"].get("ContainerSpec") or {}).get("Mounts") or ()
    return {
        str(each.get("Source"))
        for each in mounts
        if ((each.get("VolumeOptions") or {}).get("Labels") or {}).get(names.STACK) == project
    }
