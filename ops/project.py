"""Which project this is, and what of it is there, however it was started."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ops import stack as stacks
from ops import steering
from ops.errors import UsageError
from ops.runtime import Container, Note, Runtime, Stopped
from ops.settings import Settings
from ops.stack import Stack

if TYPE_CHECKING:
    from ops.model import Model, Service

Confirm = Callable[[str, Sequence[str]], None]
"""Given the project's name and the volumes that are about to be removed, raises unless their loss is wanted."""


def name(settings: Settings) -> str:
    """The project's name, found without reading any compose model, so that a broken `.env` does not hide it."""
    return stacks.name_of(settings)


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
    """The stack as it was last started, and its containers; the first environment where nothing was.

    Raises:
        EngineError: The engine does not answer.
    """
    containers = connected.containers(name(settings))
    environment = running_environment(settings, containers) or next(iter(settings.environments))
    latest = max(containers, key=lambda each: each.started.timestamp() if each.started else 0.0, default=None)
    return stacks.select(settings, environment, latest.profiles if latest else ()), containers


def check_folder(stack: Stack, connected: Runtime) -> None:
    """Make sure that the project's containers, if there are any, were not started from another folder.

    Two clones in folders of one name are one project to compose, which would replace the containers of the other.

    Raises:
        UsageError: They were, and that folder is still there. (One that is gone was moved here, most likely.)
    """
    for each in connected.containers(stack.project):
        if elsewhere(each, stack.root, connected):
            raise UsageError(
                f"the project {stack.project} was started from another folder, {each.folder}",
                next="set COMPOSE_PROJECT_NAME to another name in .env here, or invoke stop there",
            )


def elsewhere(container: Container, root: Path, connected: Runtime) -> bool:
    """Whether a container was started from another folder of this machine that is still there."""
    folder = Path(container.folder)
    if not (connected.local and container.folder and folder.is_dir()):
        return False
    return not any(folder.samefile(each) for each in (root, *steering.directories) if each.is_dir())


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


def stop(settings: Settings, *, data: bool, grace: float | None, confirm: Confirm | None, tell: Note) -> Stopped:
    """Stop whatever runs of a project, in any runtime, environment and profile.

    Args:
        settings: The project's.
        data: Whether to remove its data too.
        grace: Seconds that each service gets to end, instead of its own.
        confirm: Asked before anything is touched, where data is to go; None where the command line has said yes.
        tell: Told what could not be looked at.

    Raises:
        UsageError: `confirm` said no.
        LockedError: Another task is at work on this project.
        EngineError: No engine answers, and one was asked for.
    """
    from ops import lock, whereabouts

    project = name(settings)
    running = whereabouts.all_of(settings, tell)
    if data and confirm:
        confirm(project, [each for one in running for each in one.volumes(project)])
    with lock.hold(settings.root, "invoke stop"):
        return Stopped.together([each.stop(project, data=data, grace=grace) for each in running])


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


def services_of(model: Model, containers: Iterable[Container]) -> list[Service]:
    """The services that a project's containers stand for, and those that these wait for."""
    every = model.every
    names: set[str] = set()
    left = [container.service for container in containers]
    while left:
        name = left.pop()
        if name in every and name not in names:
            names.add(name)
            required = every[name].config.get("depends_on") or {}
            left += [other for other, how in required.items() if how.get("required", True)]
    return [every[name] for name in sorted(names)]
