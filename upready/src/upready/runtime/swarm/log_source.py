"""Lines of a stack's tasks: from the engine of the manager's own node, and by way of the manager from others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from upready.logs.entry import Origin
from upready.runtime.docker import log_source
from upready.runtime.docker.engine import Engine, answering
from upready.runtime.swarm.task_state import container_of

if TYPE_CHECKING:
    from requests import Response


@dataclass
class Tasks(log_source.Containers):
    """The tasks of a stack as a `Source`: those that have failed, too, as far as their containers are still there."""

    def origins(self) -> list[Origin]:
        """Every container and task of the stack, by service and number."""
        return [self.origin(each) for each in self.engine.every(self.project) if self._wanted(each)]


def of_task(
    engine: Engine, container: str, known: str = "", *, follow: bool = False, tail: int | None = None, since: str = ""
) -> Response | None:
    """The log of a task on another node, as the manager sends it; None where there is no such task.

    Args:
        engine: The manager.
        container: The id of the task, or of its container.
        known: The id of the task, where that is known; else all tasks of the swarm are looked through.
        follow: Whether to go on until it ends.
        tail: Only so many of the last lines.
        since: Only lines from then on.

    Raises:
        EngineError: The engine does not answer, or cannot get the log.
    """
    from docker.errors import NotFound

    api: Any = engine.client.api
    with answering():
        task = known or next((each["ID"] for each in api.tasks() if container in (each["ID"], container_of(each))), "")
        if not task:
            return None
        options = {
            "stdout": 1,
            "stderr": 1,
            "timestamps": 1,
            "follow": int(follow),
            "tail": "all" if tail is None else tail,
            "since": since.partition(".")[0] or None,
        }
        response: Response = api._get(
            api._url("/tasks/{0}/logs", task), params=options, stream=True, timeout=(api.timeout, None)
        )
        try:
            api._raise_for_status(response)
        except NotFound:
            return None
    return response
