"""Whether a stack runs in Swarm. Imports nothing of Swarm before it does: most stacks never do."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from upready.runtime.docker.engine import PROJECT, answering
from upready.runtime.swarm import names
from upready.support.errors import EngineError

if TYPE_CHECKING:
    from upready.runtime.docker.containers import Containers
    from upready.runtime.docker.engine import Engine


def services(engine: Engine, project: str) -> list[dict[str, Any]]:
    """The services of a stack in Swarm; none where the engine manages no swarm.

    Raises:
        EngineError: The engine does not answer, or it manages a swarm that cannot say what runs there.
    """
    from docker.errors import APIError

    api: Any = engine.client.api
    with answering():
        try:
            return list(api.services(filters={"label": f"{names.PROJECT}={project}"}))
        except APIError as error:
            from upready.runtime.swarm import manager

            # What runs goes on: taken for none, the stack would be started once more beside it, on the same volumes.
            manager.refuse_silence(str(error.explanation or error), engine.address)
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
        EngineError: It does not answer, or it manages a swarm that cannot say; not where compose runs the stack.
    """
    with contextlib.suppress(AttributeError):
        try:
            return bool(services(engine, project))
        except EngineError:
            # What compose runs here does not run in Swarm as well.
            if not engine.containers(project):
                raise
    return False
