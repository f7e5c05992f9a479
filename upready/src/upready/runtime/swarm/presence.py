"""Whether a stack runs in Swarm. Imports nothing of Swarm before it does: most stacks never do."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from upready.runtime.docker.engine import PROJECT, answering
from upready.runtime.swarm import names

if TYPE_CHECKING:
    from upready.runtime.docker.containers import Containers
    from upready.runtime.docker.engine import Engine


def services(engine: Engine, project: str) -> list[dict[str, Any]]:
    """The services of a stack in Swarm; none where the engine manages no swarm.

    Raises:
        EngineError: The engine does not answer.
    """
    from docker.errors import APIError

    api: Any = engine.client.api
    with answering(), contextlib.suppress(APIError):
        return list(api.services(filters={"label": f"{names.PROJECT}={project}"}))
    return []


def volumes(engine: Engine, project: str) -> list[str]:
    """The named volumes of a stack that an engine has.

    Raises:
        EngineError: It does not answer.
    """
    found: set[str] = set()
    for label in (PROJECT, names.STACK):
        with answering():
            listed = engine.client.api.volumes(filters={"label": f"{label}={project}"})
        found |= {str(each["Name"]) for each in listed.get("Volumes") or []}
    return sorted(found)


def runs(engine: Containers, project: str) -> bool:
    """Whether a stack runs on the swarm that an engine manages.

    Raises:
        EngineError: The engine does not answer.
    """
    with contextlib.suppress(AttributeError):
        return bool(services(engine, project))
    return False
