"""On which node a service with data runs: on the one that has its volumes, for Swarm moves no data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from upready.runtime.swarm import nodes, placement
from upready.runtime.swarm.data_places import NOWHERE, DataPlaces
from upready.runtime.swarm.nodes import Node

PREFIX = "node.id=="
"""The constraint of a pinned service."""


@dataclass(frozen=True)
class Pin:
    """A service that runs on one node alone.

    Attributes:
        node: The node's id.
        name: Its name.
        volumes: The volumes that are there.
        fresh: Whether nothing says that they are on any node, so that they are made there.
        also: The names of other nodes with such a volume, where nothing but the volume says where the data is.
    """

    node: str
    name: str
    volumes: tuple[str, ...]
    fresh: bool = False
    also: tuple[str, ...] = ()

    def __str__(self) -> str:
        """For the plan, behind the name of the service."""
        verb = "gets" if self.fresh else "has"
        told = f"stays on the node {self.name}, which {verb} its data ({', '.join(self.volumes)})"
        if not self.also:
            return told
        return f"{told}; a volume of that name is on {', '.join(self.also)}, too: node.hostname==… chooses between them"


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
    places: DataPlaces = NOWHERE,
) -> Pin | None:
    """Where a service has to run; None where it has no data, or its own constraints name a node.

    One that runs on every node (`mode: global`) has a volume on each. One that shares a volume runs where that is.

    Args:
        spec: The service, as the API gets it.
        before: The service as it runs; None where it is new.
        others: The services of its stack, this one among them.
        there: The nodes.
        here: The id of the manager's own node, which gets new data where the services that share it may run there.
        places: Knows where volumes are that no constraint tells of.
    """
    named = volumes(spec)
    if not named or placement.is_global(spec) or names_node(spec):
        return None
    known = {each.id: each for each in map(nodes.read, there)}
    beside = _sharing(named, others)
    able = [each for each in known.values() if not any(placement.fixed(one, each) for one in (spec, *_specs(beside)))]
    found = _of(before, known) or next(filter(None, (_place(each, known) for each in beside)), "")
    found = found or _by_tasks([Other(spec, before), *beside], known, places)
    have = [] if found else _by_volumes(named, able, known, here, places)
    node = found or next(iter(have), "") or _room(able, here)
    name = known[node].name if node in known else node
    return Pin(node, name, named, fresh=not (found or have), also=tuple(known[each].name for each in have[1:]))


def pinned(spec: Mapping[str, Any], pin: Pin) -> dict[str, Any]:
    """The service with the constraint that keeps it there."""
    task = spec["TaskTemplate"]
    placement = task.get("Placement") or {}
    constraints = [*(placement.get("Constraints") or ()), f"{PREFIX}{pin.node}"]
    return {**spec, "TaskTemplate": {**task, "Placement": {**placement, "Constraints": constraints}}}


def names_node(spec: Mapping[str, Any]) -> bool:
    """Whether the constraints of a service say on which node it runs; one that rules out a node says it of no other."""
    starts = ("node.id==", "node.hostname==", "node.labels.")
    words = [each.replace(" ", "") for each in placement.constraints(spec)]
    return any(each.lower().startswith(starts) and "!=" not in each for each in words)


def node_of(spec: Mapping[str, Any]) -> str:
    """The id of the node that a service is pinned to, be it in the swarm or not; empty where it is to none."""
    found = (each.removeprefix(PREFIX) for each in placement.constraints(spec) if each.startswith(PREFIX))
    return next(found, "")


def _of(before: Mapping[str, Any] | None, known: Mapping[str, Node]) -> str:
    """The node that a running service is pinned to, as long as it is in the swarm."""
    found = node_of(before["Spec"]) if before else ""
    return found if found in known else ""


def _place(other: Other, known: Mapping[str, Node]) -> str:
    """The node that another service is pinned to, or which its own constraints leave as the only one."""
    if not names_node(other.spec):
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


def _specs(several: Sequence[Other]) -> list[Mapping[str, Any]]:
    return [each.spec for each in several]


def _by_tasks(sharing: Sequence[Other], known: Mapping[str, Node], places: DataPlaces) -> str:
    """The node on which the tasks run, or have run last, of services that no constraint holds there."""
    for each in sharing:
        if each.before is not None and set(volumes(each.spec)) & set(volumes(each.before["Spec"])):
            ran = [node for node in places.of_tasks(str(each.before.get("ID") or "")) if node in known]
            if ran:
                return ran[0]
    return ""


def _by_volumes(
    named: Sequence[str], able: Sequence[Node], known: Mapping[str, Node], here: str, places: DataPlaces
) -> list[str]:
    """The nodes whose engines have such a volume, be it of a service that was removed; the best one first.

    That is one where the service may run, and of several the manager that is asked.
    """
    if len(known) < 2:
        return []
    have = [node for node in places.of_volumes(named) if node in known]
    fit = {each.id for each in able}
    return sorted(have, key=lambda each: (each not in fit, each != here, known[each].name, each))


def _room(able: Sequence[Node], here: str) -> str:
    """The node that gets new data: the asked one, where it has tasks at all and the services may run there.

    Of others first one whose engine can be reached from here: `backup` needs that.
    """
    ready = sorted((each for each in able if each.ready), key=lambda each: (not each.context, each.name, each.id))
    found = [each.id for each in ready or able]
    return here if here in found or not found else found[0]
