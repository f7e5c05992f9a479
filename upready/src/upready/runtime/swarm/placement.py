"""On which nodes the tasks of a service may run: what Swarm's scheduler asks for, without asking it.

It says only that it has found no suitable node. Which constraint, and which resource, is found out here.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from upready.runtime.swarm import platforms
from upready.runtime.swarm.fleet import Fleet
from upready.runtime.swarm.nodes import Node

_CONSTRAINT = re.compile(r"^\s*(?P<key>[A-Za-z0-9._-]+)\s*(?P<how>==|!=)\s*(?P<value>.*?)\s*$")
_BILLION = 1_000_000_000


@dataclass(frozen=True)
class Obstacle:
    """Why a task cannot run on a node.

    Attributes:
        kind: node, constraint, platform, cpus, memory, generic, port or replicas.
        of: The constraint, the platform, the kind of resource, the port.
        words: What is wrong with this node, in a few words.
    """

    kind: str
    of: str
    words: str


def obstacles(service: Mapping[str, Any], node: Node, fleet: Fleet) -> list[Obstacle]:
    """Why no further task of a service can run on a node; none where it can.

    Args:
        service: The service, as the API has it; one that is not made yet has no `ID`.
        node: The node.
        fleet: What else runs.
    """
    spec = service["Spec"]
    task = spec.get("TaskTemplate") or {}
    there = fleet.on(node)
    return [
        *_of_node(node),
        *_of_constraints(task, node),
        *_of_platform(task, node),
        *_of_resources(task, node, there),
        *_of_ports(spec, there, fleet),
        *_of_replicas(service, there),
    ]


def fixed(spec: Mapping[str, Any], node: Node) -> list[Obstacle]:
    """The same, of what stays as it is: constraints and platform."""
    task = spec.get("TaskTemplate") or {}
    return [*_of_constraints(task, node), *_of_platform(task, node)]


def holds(constraint: str, node: Node) -> bool:
    """Whether a node meets a constraint, such as `node.labels.disk==ssd`; one that Swarm does not know, none does."""
    match = _CONSTRAINT.match(constraint)
    if match is None:
        return False
    key, wanted = match["key"], match["value"]
    if key.lower() == "node.ip":
        same = _within(node.address, wanted)
    else:
        found = _value(key, node)
        if found is None:
            return False
        same = found.lower() == wanted.lower()
    return same == (match["how"] == "==")


def constraints(spec: Mapping[str, Any]) -> list[str]:
    """The constraints of a service."""
    placement = (spec.get("TaskTemplate") or {}).get("Placement") or {}
    return [str(each) for each in placement.get("Constraints") or ()]


def host_ports(spec: Mapping[str, Any]) -> set[tuple[int, str]]:
    """The ports of its node that a task takes: number and protocol."""
    listed = (spec.get("EndpointSpec") or {}).get("Ports") or ()
    return {
        (int(each["PublishedPort"]), str(each.get("Protocol") or "tcp"))
        for each in listed
        if each.get("PublishMode") == "host" and each.get("PublishedPort")
    }


def volumes(spec: Mapping[str, Any]) -> list[str]:
    """The named volumes of a service that only one node has: those of the engine's own driver."""
    container = (spec.get("TaskTemplate") or {}).get("ContainerSpec") or {}
    found = []
    for each in container.get("Mounts") or ():
        driver = ((each.get("VolumeOptions") or {}).get("DriverConfig") or {}).get("Name") or "local"
        options = ((each.get("VolumeOptions") or {}).get("DriverConfig") or {}).get("Options") or {}
        # One that mounts a share of another machine is the same everywhere; a folder of the node (`o: bind`) is not.
        shared = options.get("type", "none") not in ("none", "tmpfs", "")
        if each.get("Type") == "volume" and each.get("Source") and driver == "local" and not shared:
            found.append(str(each["Source"]))
    return found


def is_global(spec: Mapping[str, Any]) -> bool:
    """Whether each node has one task of a service, so that none can take the place of another one."""
    mode = spec.get("Mode") or {}
    return "Global" in mode or "GlobalJob" in mode


def is_job(spec: Mapping[str, Any]) -> bool:
    """Whether the tasks of a service end by themselves."""
    mode = spec.get("Mode") or {}
    return "ReplicatedJob" in mode or "GlobalJob" in mode


def _value(key: str, node: Node) -> str | None:
    """What a constraint compares; None for a key that Swarm does not know. A label that is not there is empty."""
    plain = {
        "node.id": node.id,
        "node.hostname": node.name,
        "node.role": node.role,
        "node.platform.os": node.system,
        "node.platform.arch": node.machine,
    }
    lower = key.lower()
    if lower in plain:
        return plain[lower]
    for prefix, labels in (("node.labels.", node.labels), ("engine.labels.", node.engine_labels)):
        if lower.startswith(prefix):
            return labels.get(key[len(prefix) :], "")
    return None


def _within(address: str, wanted: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


def _of_node(node: Node) -> Iterator[Obstacle]:
    if node.state != "ready":
        yield Obstacle("node", node.state, f"it is {node.state}")
    elif node.availability != "active":
        yield Obstacle("node", node.availability, "it is drained" if node.availability == "drain" else "it is paused")


def _of_constraints(task: Mapping[str, Any], node: Node) -> Iterator[Obstacle]:
    for each in (task.get("Placement") or {}).get("Constraints") or ():
        if not holds(str(each), node):
            yield Obstacle("constraint", str(each), f"the constraint {each} does not hold")


def _of_platform(task: Mapping[str, Any], node: Node) -> Iterator[Obstacle]:
    wanted = (task.get("Placement") or {}).get("Platforms") or ()
    if wanted and not any(platforms.same(each, node.system, node.machine) for each in wanted):
        names = " or ".join(f"{each.get('OS') or '?'}/{each.get('Architecture') or '?'}" for each in wanted)
        yield Obstacle("platform", names, f"it is {node.system}/{platforms.machine(node.machine)}")


def _of_resources(task: Mapping[str, Any], node: Node, there: Sequence[Mapping[str, Any]]) -> Iterator[Obstacle]:
    wanted = _reserved(task)
    taken = [_reserved(each.get("Spec") or {}) for each in there]
    has = {"cpus": node.cpus, "memory": float(node.memory), **{kind: float(of) for kind, of in node.generic.items()}}
    for kind, amount in wanted.items():
        free = has.get(kind, 0.0) - sum(each.get(kind, 0.0) for each in taken)
        if amount > free + 1e-9:
            group = kind if kind in ("cpus", "memory") else "generic"
            yield Obstacle(group, kind, f"{_amount(kind, max(free, 0.0))} of {_amount(kind, has.get(kind, 0.0))} free")


def _reserved(task: Mapping[str, Any]) -> dict[str, float]:
    """What a task reserves, by kind: so many CPUs, bytes of memory, or others."""
    asked = (task.get("Resources") or {}).get("Reservations") or {}
    found: dict[str, float] = {}
    if asked.get("NanoCPUs"):
        found["cpus"] = int(asked["NanoCPUs"]) / _BILLION
    if asked.get("MemoryBytes"):
        found["memory"] = float(asked["MemoryBytes"])
    for each in asked.get("GenericResources") or ():
        for entry in each.values():
            found[str(entry.get("Kind"))] = float(entry["Value"]) if isinstance(entry.get("Value"), int) else 1.0
    return found


def _amount(kind: str, number: float) -> str:
    return f"{number / 2**20:.0f} MiB" if kind == "memory" else f"{number:g}"


def _of_ports(spec: Mapping[str, Any], there: Sequence[Mapping[str, Any]], fleet: Fleet) -> Iterator[Obstacle]:
    wanted = host_ports(spec)
    for each in there:
        other = fleet.service_of(each)
        for port, _ in sorted(wanted & host_ports(other.get("Spec") or {})):
            yield Obstacle("port", str(port), f"port {port} is taken by {fleet.name(other)}")


def _of_replicas(service: Mapping[str, Any], there: Sequence[Mapping[str, Any]]) -> Iterator[Obstacle]:
    most = ((service["Spec"].get("TaskTemplate") or {}).get("Placement") or {}).get("MaxReplicas") or 0
    own = [each for each in there if service.get("ID") and each.get("ServiceID") == service["ID"]]
    if most and len(own) >= most:
        yield Obstacle("replicas", str(most), f"it has {len(own)} of at most {most}")
