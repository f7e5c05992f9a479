"""Whether a stack runs in Swarm. Imports nothing of Swarm before it does: most stacks never do."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, TypeGuard

from upready.runtime.docker.engine import answering
from upready.runtime.swarm import names
from upready.stack.settings import SWARM

if TYPE_CHECKING:
    from upready.runtime.docker.containers import Containers
    from upready.runtime.docker.engine import Engine
    from upready.runtime.interface import Runtime
    from upready.runtime.swarm.runtime import Swarm


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


def runs(engine: Containers, project: str) -> bool:
    """Whether a stack runs on the swarm that an engine manages.

    Raises:
        EngineError: The engine does not answer.
    """
    with contextlib.suppress(AttributeError):
        return bool(services(engine, project))
    return False


def on(engine: Containers) -> Swarm:
    """The swarm that an engine manages.

    Raises:
        EngineError: It manages none; says what to do.
    """
    from upready.runtime.swarm.runtime import Swarm

    return Swarm.on(engine)


def of(engine: Containers, project: str) -> Containers:
    """The swarm that an engine manages, where a stack runs there; else the engine.

    Raises:
        EngineError: The engine does not answer.
    """
    return on(engine) if runs(engine, project) else engine


def is_swarm(runtime: Runtime) -> TypeGuard[Swarm]:
    """Whether a runtime is a swarm."""
    return runtime.name == SWARM
