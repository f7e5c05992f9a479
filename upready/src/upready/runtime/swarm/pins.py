"""On which node a service with data runs: on the one that has its volumes, for Swarm moves no data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from upready.runtime.swarm import nodes, placement
from upready.runtime.swarm.nodes import Node

PREFIX = "node.id=="
"""The constraint of a pinned service."""


@dataclass(frozen=True)
class Pin:
    """A service that runs on one node alone: the node's id and name, and the volumes that are there."""

    node: str
    name: str
    volumes: tuple[str, ...]

    def __str__(self) -> str:
        """For the plan, behind the name of the service."""
        return f"stays on the node {self.name}, which has its data ({', '.join(self.volumes)})"


@dataclass(frozen=True)
class Other:
    """A service of the same stack, as it is to run, and as it runs; one that no file names any more goes on as is."""

    spec: Mapping[str, Any]
    before: Mapping[str, Any] | None


def volumes(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """The named volumes of a service that lie on one node: those of the engine's own driver."""
    return tuple(placement.volumes(spec))


def find(
    spec: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    others: Sequence[Other],
    there: Sequence[Mapping[str, Any]],
    here: str,
) -> Pin | None:
    """Where a service has to run; None where it has no data, or its own constraints name a node.

    One that runs on every node (`mode: global`) has a volume on each. One that shares a volume runs where that is.

    Args:
        spec: The service, as the API gets it.
        before: The service as it runs; None where it is new.
        others: The services of its stack.
        there: The nodes.
        here: The id of the manager's own node, which gets new data.
    """
    named = volumes(spec)
    if not named or placement.is_global(spec) or _names_node(spec):
        return None
    known = {each.id: each for each in map(nodes.read, there)}
    beside = (_place(each, known) for each in _sharing(named, others))
    node = _of(before, known) or next(filter(None, beside), here)
    return Pin(node, known[node].name if node in known else node, named)


def pinned(spec: Mapping[str, Any], pin: Pin) -> dict[str, Any]:
    """The service with the constraint that keeps it there."""
    task = spec["TaskTemplate"]
    placement = task.get("Placement") or {}
    constraints = [*(placement.get("Constraints") or ()), f"{PREFIX}{pin.node}"]
    return {**spec, "TaskTemplate": {**task, "Placement": {**placement, "Constraints": constraints}}}


def _names_node(spec: Mapping[str, Any]) -> bool:
    starts = ("node.id", "node.hostname", "node.labels")
    return any(each.replace(" ", "").startswith(starts) for each in placement.constraints(spec))


def _of(before: Mapping[str, Any] | None, known: Mapping[str, Node]) -> str:
    """The node that a running service is pinned to, as long as it is in the swarm."""
    for each in placement.constraints(before["Spec"]) if before else ():
        if each.startswith(PREFIX) and each.removeprefix(PREFIX) in known:
            return each.removeprefix(PREFIX)
    return ""


def _place(other: Other, known: Mapping[str, Node]) -> str:
    """The node that another service is pinned to, or which its own constraints leave as the only one."""
    if not _names_node(other.spec):
        return _of(other.before, known)
    able = [each.id for each in known.values() if not placement.fixed(other.spec, each)]
    return able[0] if len(able) == 1 else ""


def _sharing(named: Sequence[str], others: Sequence[Other]) -> list[Other]:
    """The services that share one of some volumes, and those that share another one with these."""
    wanted, found = set(named), list[Other]()
    left = [each for each in others if not placement.is_global(each.spec)]
    while more := [each for each in left if wanted & set(volumes(each.spec))]:
        found += more
        left = [each for each in left if each not in more]
        wanted.update(name for each in more for name in volumes(each.spec))
    return found
