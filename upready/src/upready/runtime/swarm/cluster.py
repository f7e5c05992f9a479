"""The swarm that an engine manages: whether there is one, its nodes, and what it says of a stack."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from upready.runtime.docker.engine import Engine, answering
from upready.runtime.swarm import manager, names, presence
from upready.runtime.swarm.tasks import Cluster
from upready.support import kernel

IPVS = "upready.ipvs"
"""The label of a node whose kernel has no IPVS: `false`."""


def require(engine: Engine) -> str:
    """Make sure that the engine manages a swarm; returns the id of its node.

    Raises:
        EngineError: It does not; says how it would.
    """
    with answering():
        place = manager.place(engine.client.info())
    manager.require(place, engine.address)
    return place.node


def nodes(engine: Engine) -> list[dict[str, Any]]:
    """The nodes of the swarm, as the API has them.

    Raises:
        EngineError: The engine does not answer, or the swarm has lost most of its managers.
    """
    with answering():
        return list(engine.client.api.nodes())


def name_of(node: Mapping[str, Any]) -> str:
    """The name of a node, for people."""
    return str((node.get("Description") or {}).get("Hostname") or node["ID"])


def has_mesh(engine: Engine, known: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the kernels of all nodes have IPVS, as far as that can be known.

    Without it, virtual addresses and the routing mesh answer nobody. Of another machine it is known only where a label
    of its node says `upready.ipvs=false`.

    Args:
        engine: A manager.
        known: The nodes.
    """
    if any(((each.get("Spec") or {}).get("Labels") or {}).get(IPVS) == "false" for each in known):
        return False
    return not engine.local or kernel.has_ipvs()


def look(engine: Engine, project: str, seen: dict[tuple[str, int], set[str]] | None = None) -> Cluster:
    """What the swarm says of a stack now.

    Args:
        engine: A manager.
        project: The stack's name.
        seen: The tasks that have failed, as far as this process has seen them; more are added.

    Raises:
        EngineError: The engine does not answer.
    """
    found = {str(each["ID"]): each for each in presence.services(engine, project)}
    api: Any = engine.client.api
    if not found:
        return Cluster({}, (), {}, {})
    with answering():
        tasks = list(api.tasks(filters={"label": f"{names.STACK}={project}"}))
    named = {str(each["ID"]): name_of(each) for each in nodes(engine)}
    return Cluster(found, tasks, named, held(engine, project), {} if seen is None else seen)


def held(engine: Engine, project: str) -> dict[str, Mapping[str, Any]]:
    """The engine's inspection of a stack's containers on the manager's own node, by id.

    Raises:
        EngineError: The engine does not answer.
    """
    from docker.errors import NotFound

    api: Any = engine.client.api
    found: dict[str, Mapping[str, Any]] = {}
    with answering():
        for each in api.containers(all=True, filters={"label": f"{names.STACK}={project}"}):
            with contextlib.suppress(NotFound):
                found[str(each["Id"])] = api.inspect_container(each["Id"])
    return found
