"""Stop whatever runs of a project, however it was started."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from upready.data.backup import Progress, silent
from upready.engine import endpoint
from upready.operations import cut_off, exclusive, loss, wake
from upready.operations.loss import Loss
from upready.runtime import choice, current, memory, orphans, ownership
from upready.runtime.docker.containers import Containers
from upready.runtime.docker.store import Store
from upready.runtime.interface import Container, Note, Runtime, Stopped
from upready.stack import selection
from upready.stack.selection import Stack
from upready.stack.settings import ENGINES, NATIVE, Settings
from upready.support import files, state
from upready.support.errors import OpsError

Confirm = Callable[[Loss], None]
"""Given what is about to be removed, raises unless its loss is wanted."""


@dataclass(frozen=True)
class Options:
    """What a user asked of `invoke stop`.

    Attributes:
        data: Whether the data goes, too.
        grace: Seconds that each service gets to end, instead of its own.
        adopt: Whether containers of another folder that may be this one count as this one's.
        dry: Whether it is only told what would be done.
        backup: Whether a last backup is made of data that go.
        foreign: Whether also what another checkout has started is stopped.
        lock_wait: Seconds to wait for another task that is at work on the project.
    """

    data: bool = False
    grace: float | None = None
    adopt: bool = False
    dry: bool = False
    backup: bool = True
    foreign: bool = False
    lock_wait: float = 0.0


def stop(
    settings: Settings, options: Options, *, confirm: Confirm | None, tell: Note, progress: Progress = silent
) -> Stopped:
    """Stop whatever runs of a project, in any runtime, environment and profile.

    Args:
        settings: The project's.
        options: What is asked for.
        confirm: Asked before anything is touched, where data is to go; None where the command line has said yes.
        tell: Told what could not be looked at, and what was not done as the files say.
        progress: Told how far the last backup is.

    Raises:
        DataError: The last backup could not be made; nothing was stopped.
        UsageError: `confirm` said no, or the project is another folder's.
        LockedError: Another task is at work on this project.
        EngineError: No engine answers, and one was asked for, or the project last ran on one.
        StartError: Something could not be stopped.
    """
    project = current.name(settings, somehow=True)
    running = choice.all_of(
        settings,
        project,
        tell,
        adopt=options.adopt,
        remember=not options.dry,
        foreign=options.foreign,
        data=options.data,
    )
    if options.data and not (options.adopt or options.foreign) and any(each.name in ENGINES for each in running):
        ownership.check_data(settings, project, endpoint.asked().url)
    present = [each.present(project, data=options.data) for each in running]
    held = [(each, _stores(each, one)) for each, one in zip(running, present, strict=True)] if options.data else []
    if options.dry or confirm is None:
        for line in loss.staying(held):
            tell(line)
    if options.dry:
        return Stopped.together(present)
    known = loss.look(settings, running) if any(store.volumes for _, stores in held for store in stores) else []
    if options.data and confirm:
        confirm(loss.of(project, settings.root, held, known, backup=options.backup))
    with exclusive.hold(settings.root, "invoke stop", options.lock_wait):
        backups = []
        if options.backup and held:
            stack = Stack(settings.root, "", (), (), project)
            with wake.databases(settings, held, known) as awake:
                backups = loss.back_up(settings, loss.keep(stack, held, awake), progress)
        stopped = []
        for each in running:
            with exclusive.on_engine(each, project, "invoke stop", options.lock_wait) as was_cut_off:
                if was_cut_off:
                    cut_off.settle(settings, each, project, tell, whole=False)
                cut_off.sweep(each, project)
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
        memory.forget(settings, running, data=options.data and not kept)
        if any(each.name == NATIVE for each in running):
            # Of a folder that was renamed while it ran: whatever has its old name now must not take its data.
            state.settle(settings.root)
    return replace(together, backups=[str(each.path) for each in backups])


def _stores(connected: Runtime, present: Stopped) -> list[Store]:
    """The volumes of a project in a runtime, by machine."""
    if isinstance(connected, Containers):
        return connected.stores(present.project)
    return [Store(None, tuple(present.volumes))]


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
                selection.check(stack)
            except OpsError as error:
                tell(f"stopped, perhaps without pre_stop hooks: {error.message}")
            else:
                found[each.files] = stack
    if not containers:
        with contextlib.suppress(OpsError):
            return [selection.select(settings, settings.default)]
    return list(found.values())


def _stack_of(settings: Settings, project: str, container: Container) -> Stack:
    """What a container was started from: its environment's files, else those that its labels name, there or not."""
    environment = current.running_environment(settings, [container])
    if environment:
        with contextlib.suppress(OpsError):
            return selection.select(settings, environment)
    folder = Path(container.folder)
    root = folder if container.folder and files.is_folder(folder) else settings.root
    return Stack(root, environment or "", tuple(Path(file) for file in container.files), (), project)
