"""What data a node has that no other one has: the local volumes of the services that run there, or have run there."""

from __future__ import annotations

from upready.runtime.swarm import pins, placement
from upready.runtime.swarm.fleet import Fleet
from upready.runtime.swarm.nodes import Node
from upready.support import next_step
from upready.support.errors import UsageError

OPTION = "--yes"
"""What lets a node be forgotten with its data."""


def of(known: Fleet, node: Node) -> list[str]:
    """The volumes of services on a node, a sentence for each service, as far as the managers know."""
    found: dict[str, set[str]] = {}
    for each in known.services.values():
        if pins.node_of(each.get("Spec") or {}) == node.id:
            found.setdefault(known.name(each), set()).update(placement.volumes(each["Spec"]))
    for task in known.tasks:
        if task.get("NodeID") == node.id and (service := known.service_of(task)):
            held = placement.volumes({"TaskTemplate": task.get("Spec") or {}})
            found.setdefault(known.name(service), set()).update(held)
    return [f"{name}: {', '.join(sorted(volumes))}" for name, volumes in sorted(found.items()) if volumes]


def refuse_loss(known: Fleet, node: Node) -> None:
    """Refuse to forget a node that does not answer, with the only data of a service: it cannot be backed up now.

    Raises:
        UsageError: It has such data.
    """
    if told := of(known, node):
        raise UsageError(
            f"{node.name} does not answer, and data lies there that no other node has",
            details=[
                *told,
                f"once {node.name} is forgotten, these services begin without it, or with a backup; "
                "what is on its disk stays there",
            ],
            next=next_step.either(f"start {node.name} again, then: {next_step.AGAIN}", next_step.again(OPTION)),
        )
