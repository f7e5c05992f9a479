"""The nodes of a swarm, as its managers know them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

CONTEXT = "upready.context"
"""The label of a node with the name of the docker context that leads to its engine."""

MANAGER, WORKER = "manager", "worker"
READY, ACTIVE, PAUSE, DRAIN = "ready", "active", "pause", "drain"

_BILLION = 1_000_000_000
_TURNS = 5


@dataclass(frozen=True)
class Node:
    """A node.

    Attributes:
        id: Its id.
        name: The name of its machine; several nodes may have the same.
        role: `manager` or `worker`.
        leader: Whether it is the manager that decides.
        reachability: Of a manager: reachable, unreachable or unknown; empty for a worker.
        availability: active (gets tasks), pause (gets no new ones), drain (has none).
        state: ready, down, unknown or disconnected.
        message: Why it is in that state; mostly empty.
        address: Its address in the swarm.
        manager_address: Of a manager: where other managers reach it, with the port; empty for a worker.
        version: That of its engine.
        system: linux or windows.
        machine: The architecture: x86_64, aarch64, …
        cpus: How many processors it has.
        memory: How many bytes of memory.
        generic: What else can be reserved on it, by kind: so many, or the names.
        labels: Those of the node, which a manager has set.
        engine_labels: Those of its engine's own settings.
    """

    id: str
    name: str
    role: str = WORKER
    leader: bool = False
    reachability: str = ""
    availability: str = ACTIVE
    state: str = READY
    message: str = ""
    address: str = ""
    manager_address: str = ""
    version: str = ""
    system: str = "linux"
    machine: str = ""
    cpus: float = 0.0
    memory: int = 0
    generic: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    engine_labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def context(self) -> str:
        """The docker context that leads to its engine, as its label says; empty where there is none."""
        return str(self.labels.get(CONTEXT) or "")

    @property
    def ready(self) -> bool:
        """Whether it answers, and may get tasks."""
        return self.state == READY and self.availability == ACTIVE


def read(raw: Mapping[str, Any]) -> Node:
    """A node, from the engine's own description."""
    spec, told = raw.get("Spec") or {}, raw.get("Description") or {}
    status, manager = raw.get("Status") or {}, raw.get("ManagerStatus") or {}
    engine, resources = told.get("Engine") or {}, told.get("Resources") or {}
    platform = told.get("Platform") or {}
    address = str(status.get("Addr") or "")
    if address in ("0.0.0.0", "127.0.0.1") and manager.get("Addr"):  # noqa: S104 - read, not listened on
        # What a manager sees of itself.
        address = str(manager["Addr"]).rpartition(":")[0]
    return Node(
        id=str(raw["ID"]),
        name=str(told.get("Hostname") or raw["ID"]),
        role=str(spec.get("Role") or WORKER),
        leader=bool(manager.get("Leader")),
        reachability=str(manager.get("Reachability") or ""),
        availability=str(spec.get("Availability") or ACTIVE),
        state=str(status.get("State") or "unknown"),
        message=str(status.get("Message") or ""),
        address=address,
        manager_address=str(manager.get("Addr") or ""),
        version=str(engine.get("EngineVersion") or ""),
        system=str(platform.get("OS") or "linux"),
        machine=str(platform.get("Architecture") or ""),
        cpus=int(resources.get("NanoCPUs") or 0) / _BILLION,
        memory=int(resources.get("MemoryBytes") or 0),
        generic=_generic(resources.get("GenericResources") or ()),
        labels=dict(spec.get("Labels") or {}),
        engine_labels=dict(engine.get("Labels") or {}),
    )


def every(api: Any) -> list[Node]:
    """All nodes, managers first, then by name.

    Args:
        api: The SDK's client of a manager.
    """
    found = map(read, api.nodes())
    return sorted(found, key=lambda each: (each.role != MANAGER, each.name, each.id))


def named(nodes: Iterable[Node], word: str) -> list[Node]:
    """The nodes that a word of the user's may mean: by id, name or context; else those whose id begins so."""
    known = list(nodes)
    exact = [each for each in known if word in (each.id, each.name, each.context)]
    return exact or [each for each in known if len(word) >= 4 and each.id.startswith(word)]


def labels(nodes: Sequence[Node]) -> dict[str, str]:
    """What to call each node, by its id: its name, with the start of the id where another one has the same name."""
    names = [each.name for each in nodes]
    return {each.id: each.name if names.count(each.name) == 1 else f"{each.name} ({each.id[:7]})" for each in nodes}


def quorum(managers: int) -> int:
    """How many of so many managers must answer, for anything to be changed."""
    return managers // 2 + 1


def survives(nodes: Iterable[Node], without: Node) -> bool:
    """Whether the managers that are left can still decide once one of them is gone."""
    left = [each for each in nodes if each.role == MANAGER and each.id != without.id]
    answering = [each for each in left if each.reachability == "reachable"]
    return bool(left) and len(answering) >= quorum(len(left))


def change(api: Any, identifier: str, **to: Any) -> None:
    """Change a node: `Availability`, `Role`, `Labels` (those that are named); the rest of it stays.

    Others change nodes as well, Swarm itself among them: a change of what is not known any more is made again.
    """
    from docker.errors import APIError

    for turn in range(_TURNS):
        found = api.inspect_node(identifier)
        wanted = {**found["Spec"], **to}
        if "Labels" in to:
            wanted["Labels"] = {**(found["Spec"].get("Labels") or {}), **to["Labels"]}
        try:
            api.update_node(identifier, found["Version"]["Index"], wanted)
        except APIError as error:
            if "out of sequence" not in str(error) or turn == _TURNS - 1:
                raise
        else:
            return


def _generic(listed: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """What else can be reserved, by kind; a named one counts once for each name."""
    found: dict[str, int] = {}
    for each in listed:
        for counted, entry in each.items():
            kind = str(entry.get("Kind") or "")
            found[kind] = found.get(kind, 0) + (int(entry["Value"]) if counted == "DiscreteResourceSpec" else 1)
    return found
