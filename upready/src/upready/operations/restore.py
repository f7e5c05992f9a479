"""`invoke restore`: a backup in the place of what is there, without a moment in which neither serves."""

from __future__ import annotations

import contextlib
import tarfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from upready.data import (
    backup,
    kinds,
    mysql,
    mysql_restore,
    proving,
    redis,
    redis_restore,
    remote_shelf,
    shelf,
    sources,
)
from upready.data.archive import Reader
from upready.data.backup import Backup, Progress
from upready.data.change import Change, Loss
from upready.data.manifest import Part
from upready.data.restore import Databases
from upready.data.sources import Data, Source
from upready.operations import backup as making
from upready.operations import cut_off, exclusive, launch, restart, restore_choice, restore_remains
from upready.operations.launch import Launch
from upready.operations.launch_options import Show
from upready.operations.step import Step
from upready.runtime import choice, current
from upready.runtime.interface import Note, Runtime
from upready.stack.settings import Settings
from upready.support import next_step
from upready.support.errors import DataError, OpsError, UsageError
from upready.support.pipes import ProgramError

Confirm = Callable[[str, Backup, Sequence[Loss]], None]
"""Given the project's name, the backup, and what would be lost, raises unless that is wanted."""


@dataclass(frozen=True)
class Options:
    """What a user asked of `invoke restore`.

    Attributes:
        backup: A file, a folder, an id, or `latest`.
        services: Whose data; all that the backup holds where none is named.
        into: The name of a database that is made beside; empty to replace what is there.
        identity: The file with the secret key of an encrypted one.
        adopt: Whether containers of another folder that may be this one count as this one's.
    """

    backup: str
    services: tuple[str, ...] = ()
    into: str = ""
    identity: Path | None = None
    adopt: bool = False


@dataclass(frozen=True)
class Restored:
    """How a restore ended.

    Attributes:
        backup: What was restored.
        before: The backup of what was there before; None where nothing was replaced.
        into: The databases that were made beside.
        gap: Seconds in which the databases took no connection.
        restarted: How the restart of the services that use them ended; None where none does.
        services: The services whose data were replaced.
        node: The node of a swarm that has what was made beside; empty elsewhere.
    """

    backup: Backup
    before: Backup | None = None
    into: tuple[str, ...] = ()
    gap: float = 0.0
    restarted: Launch | None = None
    services: tuple[str, ...] = field(default_factory=tuple)
    node: str = ""


def restore(
    settings: Settings, options: Options, show: Show, progress: Progress, *, confirm: Confirm | None
) -> Restored:
    """Prove a backup, ask, back up what is there, restore beside it, count, swap, and restart what uses it.

    Raises:
        UsageError: There is no such backup, it holds nothing of this stack, or `confirm` said no.
        DataError: It is not whole, does not fit, or could not be restored; what was there serves on.
        LockedError: Another task is at work on the project.
        EngineError: The engine does not answer.
    """
    with exclusive.hold(settings.root, "invoke restore"):
        connected = choice.find(settings, show.warn, adopt=options.adopt, task="invoke restore")
        project = current.name(settings)
        with exclusive.on_engine(connected, project, "invoke restore") as was_cut_off:
            if was_cut_off:
                cut_off.settle(settings, connected, project, show.warn)
            return _restore(settings, connected, options, show, progress, confirm)


def _restore(
    settings: Settings, connected: Runtime, options: Options, show: Show, progress: Progress, confirm: Confirm | None
) -> Restored:
    """The same, while the locks are held."""
    found = sources.find(settings, connected)

    def fetched(count: int) -> None:
        progress("download", count)

    opened = remote_shelf.opened(settings.root, found.project, options.backup, options.identity, fetched)
    with opened as (reader, address):
        path = reader.path
        wanted = Backup(path, reader.manifest, reader.size, address)
        chosen = restore_choice.choose(found, reader, options.services)
        with proving.beside(reader) as proven:
            with _told(path):
                ours = replace(found, sources=tuple(source for source, _ in chosen))
                restore_remains.settle(settings, ours, show.warn, progress)
            show.step(f"check {path.name}")
            changes = _fitting(found, chosen, reader)
            proven()
        if options.into:
            made = _beside(wanted, changes, options.into, show, progress)
            return replace(made, node=chosen[0][0].container.node)
        if confirm is not None:
            confirm(found.project, wanted, [loss for each in changes for loss in each.losses()])
        return _replace(settings, found, wanted, chosen, changes, show, progress)


def _fitting(data: Data, chosen: Sequence[tuple[Source, Part]], reader: Reader) -> list[Change]:
    """How each service's data is replaced, once it is clear that it can be."""
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    with _told(reader.path):
        changes = [_change(data, source, part, reader, stamp) for source, part in chosen]
        for each in changes:
            each.check()
    return changes


def plan(settings: Settings, options: Options, tell: Note) -> list[Step]:
    """What `restore` would do, once the backup is proven; the arguments and the errors are the same."""
    exclusive.check(settings.root)
    connected = choice.find(settings, tell, adopt=options.adopt, task="invoke restore", remember=False)
    found = sources.find(settings, connected)
    with remote_shelf.opened(settings.root, found.project, options.backup, whole=False) as (reader, address):
        path = address or reader.path
        chosen = restore_choice.choose(found, reader, options.services)
    names = [source.service for source, _ in chosen]
    steps = [Step("check", (str(path),), f"read all of {path}, and hold it against its checksums")]
    if not options.into:
        steps.append(Step("back up", tuple(names), f"back up {', '.join(names)} as they are now"))
    where = f"into {options.into}" if options.into else "beside what is there"
    steps.append(Step("restore", tuple(names), f"restore {', '.join(names)} {where}, and count the rows"))
    if not options.into:
        steps.append(Step("swap", tuple(names), f"let that take the place of what is there: {', '.join(names)}"))
        if users := _users(found, names):
            steps.append(Step("restart", tuple(users), f"restart {', '.join(users)}"))
    return steps


def _replace(
    settings: Settings,
    data: Data,
    wanted: Backup,
    chosen: Sequence[tuple[Source, Part]],
    changes: Sequence[Change],
    show: Show,
    progress: Progress,
) -> Restored:
    served = [source for source, _ in chosen]
    show.step("back up what is there")
    before = making.into(settings, data, served, "", progress, f"{shelf.BEFORE_RESTORE} {wanted.id}")
    making.tell_left_out(before, show.warn)
    show.step("restore beside it")
    size = _length(changes)
    done: list[Change] = []
    with _told(wanted.path):
        try:
            for each in changes:
                each.stage(lambda count: progress("restored", count, size))
            began = time.monotonic()
            for each in changes:
                each.swap()
                done.append(each)
        except BaseException:
            pairs = list(zip(changes, served, strict=True))
            stay = _swap_back([each for each in pairs if each[0] in done], show)
            for each, source in pairs:
                if source not in stay:
                    _discard(settings, data, wanted, each, source, show, progress)
            raise
    gap = time.monotonic() - began
    services = _users(data, [source.service for source in served])
    restarted = None
    waited = sorted({*services, *(user.service for source in served for user in source.users)})
    if waited:
        show.step(f"restart {', '.join(waited)}")
        again = restart.begin(data.connected, data.merged, services, data.containers)
        restarted = launch.until_ready(
            data.connected, data.merged, [data.merged.service(name) for name in waited], again, show
        )
    before = _settled(data, served, changes, before, show, progress)
    return Restored(wanted, before, (), gap, restarted, tuple(each.service for each in served))


def _swap_back(swapped: Sequence[tuple[Change, Source]], show: Show) -> list[Source]:
    """Let what was there serve again, of all services before anything else; returns those where that failed."""
    stay = []
    for change, source in swapped:
        try:
            change.undo()
        except (OpsError, ProgramError, OSError) as error:
            show.warn(f"{source.service} is not swapped back: {error}; the next task puts what it had into a backup")
            stay.append(source)
    return stay


def _discard(
    settings: Settings, data: Data, wanted: Backup, change: Change, source: Source, show: Show, progress: Progress
) -> None:
    """Remove what was restored of a service; what was written to it while it served goes into a backup before."""
    reason = f"{shelf.BEFORE_RESTORE} {wanted.id} was taken back"
    kept = None
    try:
        if change.taken_back:
            kept = making.into(settings, data, [source], "", progress, reason, {source.key: change.taken_back})
            show.warn(f"what was written to {source.service} after the swap is in {kept.path}")
        change.discard()
    except (OpsError, ProgramError, OSError) as error:
        if change.taken_back and kept is None:
            where = ", ".join(change.taken_back.values())
            show.warn(f"what was written to {source.service} after the swap is only in {where}: {error}")


def _settled(
    data: Data,
    served: Sequence[Source],
    changes: Sequence[Change],
    before: Backup,
    show: Show,
    progress: Progress,
) -> Backup:
    """Remove what was replaced, once every row of it is in a backup; returns that.

    Rows may have come while the other databases were restored. Nobody can reach them any more, so they are all there
    will be: the backup of what was there is then made again, in the place of the first.
    """
    aside = {source.key: each.replaced() for source, each in zip(served, changes, strict=True)}
    try:
        if any(each.written_since(part) for each, part in zip(changes, before.manifest.parts, strict=True)):
            show.step("back up what came meanwhile")
            moment, reason = datetime.fromisoformat(before.manifest.created), before.manifest.reason
            before = backup.make(data, served, before.path, now=moment, reason=reason, aside=aside, progress=progress)
        for each in changes:
            each.finish()
    except (OpsError, ProgramError) as error:
        names = ", ".join(name for each in aside.values() for name in each.values())
        show.warn(f"what came while it was restored is only in {names}, which stays beside: {error}")
    return before


def _beside(wanted: Backup, changes: Sequence[Change], into: str, show: Show, progress: Progress) -> Restored:
    """Restore beside what serves, and leave it there."""
    if len(changes) > 1:
        raise UsageError(
            f"--into takes the data of one service, and the backup holds {len(changes)}",
            next=next_step.again("--service", changes[0].part.service),
        )
    show.step(f"restore into {into}")
    with _told(wanted.path):
        made = changes[0].beside(into, lambda count: progress("restored", count, _length(changes)))
    return Restored(wanted, into=tuple(made))


def _length(changes: Sequence[Change]) -> int:
    """Bytes of the backup that are restored."""
    return sum(each.reader.length(item.member) for each in changes for item in each.part.items)


def _change(data: Data, source: Source, part: Part, reader: Reader, stamp: str) -> Change:
    """How the data of a service is replaced."""
    if part.kind in kinds.FILES:
        from upready.data.volume_exchange import Volumes

        return Volumes(data.engine(source), data.project, source, part, reader)
    if part.kind in (kinds.MYSQL, kinds.MARIADB):
        return mysql_restore.Databases(mysql.Server(data.call(source)), part, reader, stamp)
    if part.kind == kinds.REDIS:
        server = redis.Server(data.call(source), source.container)
        return redis_restore.Keys(data.engine(source), data.project, source, server, part, reader)
    return Databases(data.server(source), part, reader, stamp)


def _users(data: Data, services: Sequence[str]) -> list[str]:
    """The services that run and depend on some others."""
    running = {each.service for each in data.containers if each.state == "running"}
    return sorted(
        name
        for name in running.difference(services)
        if name in data.merged.every and set(data.merged.every[name].depends_on) & {*services}
    )


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what PostgreSQL's own programs say into one of our errors."""
    try:
        yield
    except ProgramError as error:
        if error.gone:
            raise backup.failed("", error) from error
        raise DataError(
            f"{path.name} was not restored: {error}",
            details=[*error.said[-10:-1], "nothing was changed"],
            next="invoke backup --list",
        ) from error
    except (OSError, tarfile.TarError, zlib.error) as error:
        raise DataError(f"{path.name} was not restored: {error}", next="invoke doctor") from error
