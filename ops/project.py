"""Which project this is, and what of it is there, however it was started."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ops import stack as stacks
from ops.errors import UsageError
from ops.runtime import Container, Runtime
from ops.settings import Settings
from ops.stack import Stack


def name(settings: Settings) -> str:
    """The project's name, found without reading any compose model, so that a broken `.env` does not hide it."""
    files = [settings.root / file for each in settings.environments.values() for file in each.files]
    return stacks.project_name(settings.root, files)


def running_environment(settings: Settings, containers: Sequence[Container]) -> str | None:
    """The environment that a project's containers were started with, told by compose's label with their files."""
    for container in containers:
        used = [Path(file).name for file in container.files]
        for environment in settings.environments.values():
            # By name, not by path: the project may have been moved, or started from another machine.
            if used == [Path(file).name for file in environment.files]:
                return environment.name
    return None


def current(settings: Settings, connected: Runtime) -> tuple[Stack, list[Container]]:
    """The stack as it was started, and its containers; the first environment where nothing was.

    Raises:
        EngineError: The engine does not answer.
    """
    containers = connected.containers(name(settings))
    environment = running_environment(settings, containers) or next(iter(settings.environments))
    return stacks.select(settings, environment), containers


def container_of(containers: Sequence[Container], service: str, replica: int = 1, environment: str = "") -> Container:
    """The running container of a service; `environment` is what to start where nothing runs.

    Raises:
        UsageError: The service has none; says which have.
    """
    running = [each for each in containers if each.state == "running"]
    for each in running:
        if each.service == service and each.replica == replica:
            return each
    replicas = sorted(each.replica for each in running if each.service == service)
    if replicas:
        raise UsageError(
            f"{service} has no running replica {replica}", details=[f"running: {', '.join(map(str, replicas))}"]
        )
    names = sorted({each.service for each in running})
    raise UsageError(
        f"{service} is not running",
        details=[f"running: {', '.join(names) or 'nothing'}"],
        next="invoke status" if names else f"invoke {environment}" if environment else "",
    )


def execute(settings: Settings, connected: Runtime, service: str, replica: int, words: Sequence[str]) -> int:
    """Run a command where a service runs, on this terminal; returns its exit code.

    Args:
        settings: The project's.
        connected: Where it runs.
        service: The service.
        replica: Which of its containers.
        words: The command and its arguments; a shell when there are none.

    Raises:
        UsageError: The service is not running.
        EngineError: The engine does not answer.
    """
    stack, containers = current(settings, connected)
    return connected.execute(stack, container_of(containers, service, replica, stack.environment), words)
