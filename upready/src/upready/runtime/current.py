"""Which project this is, and what of it is there, however it was started."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from upready.runtime.interface import DOCKER, Container, Note, Runtime, Stopped
from upready.stack import selection as stacks
from upready.stack.selection import Stack
from upready.stack.settings import Settings
from upready.support import files, spelling
from upready.support.errors import OpsError, UsageError

if TYPE_CHECKING:
    from upready.stack.model import Model, Service

Confirm = Callable[[str, Path, Sequence[str]], None]
"""Given the project's name, its folder, and the volumes that are about to be removed, raises unless their loss is
wanted."""


def name(settings: Settings, *, somehow: bool = False) -> str:
    """The project's name, found without reading any compose model, so that a broken `.env` does not hide it.

    Args:
        settings: The project's.
        somehow: Whether it is told also where `.env` or a compose file may not be read: as remembered, or without them.

    Raises:
        EnvFileError: `.env` cannot be read.
        UsageError: A compose file cannot be read.
    """
    try:
        return stacks.name_of(settings)
    except (OSError, OpsError):
        if not somehow:
            raise
    from upready.runtime import last_used

    if known := last_used.recall(settings.root).project:
        return known
    with contextlib.suppress(OpsError):
        return stacks.name_of(settings, values=False)
    return stacks.project_name(settings.root, (), ())


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


@dataclass(frozen=True)
class Stop:
    """What a user asked of `invoke stop`.

    Attributes:
        data: Whether the data goes, too.
        grace: Seconds that each service gets to end, instead of its own.
        adopt: Whether containers of another folder that may be this one count as this one's.
        dry: Whether it is only told what would be done.
    """

    data: bool = False
    grace: float | None = None
    adopt: bool = False
    dry: bool = False


def stop(settings: Settings, options: Stop, *, confirm: Confirm | None, tell: Note) -> Stopped:
    """Stop whatever runs of a project, in any runtime, environment and profile.

    Args:
        settings: The project's.
        options: What is asked for.
        confirm: Asked before anything is touched, where data is to go; None where the command line has said yes.
        tell: Told what could not be looked at, and what was not done as the files say.

    Raises:
        UsageError: `confirm` said no, or the project is another folder's.
        LockedError: Another task is at work on this project.
        EngineError: No engine answers, and one was asked for, or the project last ran on one.
        StartError: Something could not be stopped.
    """
    from upready.engine import endpoint
    from upready.runtime import choice, orphans, ownership
    from upready.support import lock

    project = name(settings, somehow=True)
    running = choice.all_of(settings, project, tell, adopt=options.adopt)
    if options.data and not options.adopt and any(each.name == DOCKER for each in running):
        ownership.check_data(settings, project, endpoint.asked().url)
    present = [each.present(project, data=options.data) for each in running]
    if options.dry:
        return Stopped.together(present)
    if options.data and confirm:
        confirm(project, settings.root, [volume for one in present for volume in one.volumes])
    with lock.hold(settings.root, "invoke stop"):
        stopped = []
        for each in running:
            containers = each.containers(project)
            lost = orphans.among(settings, containers)
            gone = each.stop(
                project,
                data=options.data,
                grace=options.grace,
                stacks=_started_from(settings, project, containers, tell),
                tell=tell,
            )
            stopped.append(replace(gone, orphans=[one.name for one in lost]))
        together = Stopped.together(stopped)
        kept = any(each.kind == "volume" for each in together.kept)
        choice.forget(settings, running, data=options.data and not kept)
    return together


def _started_from(settings: Settings, project: str, containers: Sequence[Container], tell: Note) -> list[Stack]:
    """The stacks that containers were started from, the newest first; the one that would be started where none is.

    One whose files compose could not read, or would wait for, is left out, and that is told.
    """
    newest = sorted(containers, key=lambda each: each.started.timestamp() if each.started else 0.0, reverse=True)
    found: dict[tuple[str, ...], Stack] = {}
    seen: set[tuple[str, ...]] = set()
    for each in newest:
        if each.files and each.files not in seen:
            seen.add(each.files)
            stack = _stack_of(settings, project, each)
            try:
                stacks.check(stack)
            except OpsError as error:
                tell(f"stopped without the pre_stop hooks that there may be: {error.message}")
            else:
                found[each.files] = stack
    if not containers:
        with contextlib.suppress(OpsError):
            return [stacks.select(settings, next(iter(settings.environments)))]
    return list(found.values())


def _stack_of(settings: Settings, project: str, container: Container) -> Stack:
    """What a container was started from: its environment's files, else those that its labels name, there or not."""
    environment = running_environment(settings, [container])
    if environment:
        with contextlib.suppress(OpsError):
            return stacks.select(settings, environment)
    folder = Path(container.folder)
    root = folder if container.folder and files.is_folder(folder) else settings.root
    return Stack(root, environment or "", tuple(Path(file) for file in container.files), (), project)


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
    project = name(settings)
    containers = connected.containers(project)
    chosen = container_of(containers, service, replica, next(iter(settings.environments)))
    return connected.execute(project, chosen, words, lambda: current(settings, connected)[0])


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
