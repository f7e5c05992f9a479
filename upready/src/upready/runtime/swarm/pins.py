"""On which node a service with data runs: on the one that has its volumes, for Swarm moves no data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from upready.runtime.swarm.cluster import name_of

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


def volumes(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """The named volumes of a service that lie on one node: those of the engine's own driver."""
    found = []
    for mount in spec["TaskTemplate"]["ContainerSpec"].get("Mounts") or ():
        driver = ((mount.get("VolumeOptions") or {}).get("DriverConfig") or {}).get("Name") or "local"
        options = ((mount.get("VolumeOptions") or {}).get("DriverConfig") or {}).get("Options") or {}
        # One that mounts a share of another machine is the same everywhere.
        shared = options.get("type", "none") not in ("none", "tmpfs", "")
        if mount.get("Type") == "volume" and mount.get("Source") and driver == "local" and not shared:
            found.append(str(mount["Source"]))
    return tuple(found)


def find(
    spec: Mapping[str, Any], before: Mapping[str, Any] | None, nodes: Sequence[Mapping[str, Any]], here: str
) -> Pin | None:
    """Where a service has to run; None where it has no data, or its own constraints name a node.

    One that runs on every node (`mode: global`) has a volume on each.

    Args:
        spec: The service, as the API gets it.
        before: The service as it runs; None where it is new.
        nodes: The nodes.
        here: The id of the manager's own node, which gets new data.
    """
    named = volumes(spec)
    own = (spec["TaskTemplate"].get("Placement") or {}).get("Constraints") or ()
    if not named or "Global" in (spec.get("Mode") or {}):
        return None
    if any(each.replace(" ", "").startswith(("node.id", "node.hostname", "node.labels")) for each in own):
        return None
    known = {str(each["ID"]): name_of(each) for each in nodes}
    node = _of(before, known) or here
    return Pin(node, known.get(node, node), named)


def pinned(spec: Mapping[str, Any], pin: Pin) -> dict[str, Any]:
    """The service with the constraint that keeps it there."""
    task = spec["TaskTemplate"]
    placement = task.get("Placement") or {}
    constraints = [*(placement.get("Constraints") or ()), f"{PREFIX}{pin.node}"]
    return {**spec, "TaskTemplate": {**task, "Placement": {**placement, "Constraints": constraints}}}


def _of(before: Mapping[str, Any] | None, known: Mapping[str, str]) -> str:
    """The node that a running service is pinned to, as long as it is in the swarm."""
    if before is None:
        return ""
    for each in (before["Spec"]["TaskTemplate"].get("Placement") or {}).get("Constraints") or ():
        if each.startswith(PREFIX) and each.removeprefix(PREFIX) in known:
            return str(each.removeprefix(PREFIX))
    return ""
