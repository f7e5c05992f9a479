"""How a node comes into a swarm, and how it goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from upready.engine import elsewhere
from upready.engine.connection import answering
from upready.runtime.interface import Note
from upready.runtime.swarm import images, manager, nodes
from upready.runtime.swarm.manager import Place
from upready.runtime.swarm.nodes import Node
from upready.support import next_step, shell_words
from upready.support.errors import EngineError, UsageError


def enter(api: Any, known: Sequence[Node], context: str, role: str, tell: Note) -> str:
    """Have the engine of a docker context join; returns the id of its node, which may be in the swarm already.

    Raises:
        UsageError: The engine is in another swarm.
        EngineError: It does not answer, or does not reach a manager.
    """
    with elsewhere.at(context, "--add") as place:
        with answering():
            found = manager.place(place.client.info())
        if found.node in {each.id for each in known} and found.node:
            tell(f"{context} is a node of this swarm already")
            return found.node
        _refuse_inside(found, context)
        addresses = [each.manager_address for each in known if each.manager_address]
        secret = manager.token(api, role)
        tell(f"{context} joins as a {role}")
        return manager.join(place.api, addresses, secret, context)


def refuse_member(context: str) -> None:
    """Make sure that the engine of a docker context answers and is in no swarm, before one is made for it.

    Raises:
        UsageError: It is in one.
        EngineError: It does not answer.
    """
    with elsewhere.at(context, "--add") as place:
        with answering():
            found = manager.place(place.client.info())
        _refuse_inside(found, context)


def _refuse_inside(found: Place, context: str) -> None:
    if found.inside:
        raise UsageError(
            f"the engine of the docker context {context} is in another swarm, or in one that is gone",
            next=f"docker --context {shell_words.word(context)} swarm leave",
        )


def late(context: str) -> EngineError:
    """The error of a node that has joined, and is not ready."""
    return EngineError(
        f"{context} has joined, and its manager does not call it ready",
        details=[f"the nodes need of each other: {manager.PORTS}"],
        next="invoke nodes",
    )


def refuse_removal(known: Sequence[Node], node: Node, asked: str) -> None:
    """Refuse to remove a node where that cannot be done, or would leave a swarm that cannot decide.

    Args:
        known: All nodes.
        node: The one to be removed.
        asked: The id of the node whose engine is asked.

    Raises:
        UsageError: It is refused.
    """
    managers = [each for each in known if each.role == nodes.MANAGER]
    if node.role == nodes.MANAGER and not nodes.survives(known, node):
        left = len(managers) - 1
        answering_ = sum(each.reachability == "reachable" for each in managers if each.id != node.id)
        why = (
            "it is the only manager"
            if not left
            else f"{answering_} of {left} managers would answer, and {nodes.quorum(left)} must"
        )
        others = [each.name for each in known if each.role == nodes.WORKER and each.state == nodes.READY]
        step = f"docker node promote {others[0]}" if others else "docker node ls"
        raise UsageError(f"{node.name} cannot be removed: {why}", next=step)
    if node.id == asked:
        other = next((each.context for each in managers if each.id != asked and each.context), "")
        step = next_step.again("--host", other) if other else "docker context ls"
        raise UsageError(f"{node.name} is the manager that is asked: another manager has to remove it", next=step)
    if node.state == nodes.READY and not node.context:
        raise UsageError(
            f"no docker context is known that leads to {node.name}, so it cannot be told to leave",
            next=next_step.either(
                "on that machine: docker swarm leave",
                images.way_to(node),
            ),
        )


def leave(api: Any, node: Node, tell: Note) -> None:
    """Have a node leave, and forget it. One that does not answer is forgotten.

    Raises:
        StartError: Its docker context leads elsewhere.
        EngineError: An engine does not answer.
    """
    if node.role == nodes.MANAGER:
        tell(f"{node.name} becomes a worker")
        with manager.asking():
            nodes.change(api, node.id, Role="worker")
        manager.until(lambda: not _manages(api, node.id), manager.JOINING)
    if node.state == nodes.READY:
        tell(f"{node.name} leaves the swarm")
        with images.reached(node) as place:
            manager.until(lambda: not _is_manager(place.api), manager.JOINING)
            with answering():
                place.api.leave_swarm()
        manager.until(lambda: _state(api, node.id) == "down", manager.JOINING)
    with manager.asking():
        api.remove_node(node.id, force=True)


def _manages(api: Any, identifier: str) -> bool:
    with manager.asking():
        return bool(api.inspect_node(identifier).get("ManagerStatus"))


def _is_manager(api: Any) -> bool:
    """Whether an engine takes itself for a manager; it learns a little later that it is none any more."""
    with answering():
        return manager.place(api.info()).manages


def _state(api: Any, identifier: str) -> str:
    with manager.asking():
        return str(api.inspect_node(identifier)["Status"]["State"])
