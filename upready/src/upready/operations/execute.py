"""Run a command where a service runs."""

from __future__ import annotations

from collections.abc import Sequence

from upready.runtime import current
from upready.runtime.interface import Container, Runtime
from upready.stack.settings import Settings
from upready.support import spelling
from upready.support.errors import UsageError


def execute(settings: Settings, connected: Runtime, service: str, replica: int | None, words: Sequence[str]) -> int:
    """Run a command where a service runs, on this terminal; returns its exit code.

    Args:
        settings: The project's.
        connected: Where it runs.
        service: The service.
        replica: Which of its containers; None is any that runs.
        words: The command and its arguments; a shell when there are none.

    Raises:
        UsageError: The service is not running.
        EngineError: The engine does not answer.
    """
    project = current.name(settings)
    containers = connected.containers(project)
    chosen = container_of(containers, service, replica, settings.default)
    return connected.execute(project, chosen, words, lambda: current.current(settings, connected)[0])


def container_of(
    containers: Sequence[Container], service: str, replica: int | None = None, environment: str = ""
) -> Container:
    """The running container of a service: the one of a number, or the first that runs.

    Args:
        containers: The project's.
        service: The service.
        replica: Which of its containers; None is any.
        environment: What to start where nothing runs.

    Raises:
        UsageError: The service has none; says which have.
    """
    running = [each for each in containers if each.state == "running"]
    own = sorted((each for each in running if each.service == service), key=lambda each: each.replica)
    if chosen := next((each for each in own if replica in (None, each.replica)), None):
        return chosen
    if own:
        numbers = ", ".join(str(each.replica) for each in own)
        raise UsageError(
            f"{service} has no running replica {replica}",
            details=[f"running: {numbers}"],
            next=f"invoke exec {service} --replica {own[0].replica}",
        )
    names = sorted({each.service for each in running})
    others = [f"{each.name} is {each.state}" for each in containers if each.service == service]
    near = "" if others else spelling.meant(service, {each.service for each in containers})
    raise UsageError(
        f"{service} is not running{near}",
        details=[*others, f"running: {', '.join(names) or 'nothing'}"],
        next="invoke status" if names or others or not environment else f"invoke {environment}",
    )
