"""`invoke backup`: what of a stack is data, in one file."""

from __future__ import annotations

import contextlib
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from upready.data import (
    backup,
    bucket,
    kinds,
    other_volumes,
    passing,
    postgres_left_out,
    proof,
    redis,
    remote_shelf,
    shelf,
    sources,
    volume,
)
from upready.data.backup import Backup, Progress
from upready.data.bucket import Remote
from upready.data.shelf import Keep
from upready.data.sources import Data, Source
from upready.operations import exclusive
from upready.operations.step import Step
from upready.runtime import choice, current
from upready.runtime.interface import Note, Runtime
from upready.stack.settings import NATIVE, Settings
from upready.support import lock, state
from upready.support.errors import DataError, LockedError, OpsError, UsageError
from upready.support.next_step import AGAIN
from upready.support.pipes import ProgramError


@dataclass(frozen=True)
class Options:
    """What a user asked of `invoke backup`.

    Attributes:
        output: A file or a folder; empty for the project's own folder.
        services: Whose data; all where none is named.
        keep: Which of the folder's backups stay.
        adopt: Whether containers of another folder that may be this one count as this one's.
    """

    output: str = ""
    services: tuple[str, ...] = ()
    keep: Keep = field(default_factory=Keep)
    adopt: bool = False


@dataclass(frozen=True)
class Made:
    """A backup that was made, and those that were thrown away for it."""

    backup: Backup
    removed: tuple[Path | Remote, ...] = ()


def make(settings: Settings, options: Options, progress: Progress, tell: Note) -> Made:
    """Back up the data of a stack that runs.

    Raises:
        UsageError: Nothing runs, a service has no data or does not run, or the folder cannot be written.
        DataError: It could not be made; nothing of it is left.
        LockedError: Another backup is being made, or another task is at work and a service has to be held still.
        EngineError: The engine does not answer.
    """
    connected = choice.find(settings, tell, adopt=options.adopt, task="invoke backup")
    found, wanted = _wanted(settings, connected, options)
    with held(settings, connected, found.project, wanted):
        if bucket.is_remote(options.output):
            done = _remote(settings, found, wanted, options, progress)
        else:
            made = into(settings, found, wanted, options.output, progress)
            gone = shelf.throw_away(made.path.parent, found.project, options.keep, made.path.name, _services(found))
            done = Made(made, tuple(gone))
    for each in _without_database(done.backup):
        tell(f"{each} has no database of SQLite with a table in its volumes: they were kept as files")
    tell_left_out(done.backup, tell)
    for service, name in _other_volumes(found, wanted):
        tell(f"{service} has the volume {name} beside its databases: it is not in the backup")
    return done


def tell_left_out(made: Backup, tell: Note) -> None:
    """Tell by name what of the services of a backup is not in it, and how the next one has it."""
    for part in made.manifest.parts:
        for each in part.left_out:
            step = f"; to let the next one have it: {each.next}" if each.next else ""
            tell(f"{each.of(part.service)}: it is not in the backup{step}")


def _other_volumes(data: Data, wanted: Sequence[Source]) -> Iterator[tuple[str, str]]:
    """The volumes of databases that hold something else, which no service reads: each with its service."""
    read = {name for each in data.sources for name in each.volumes}
    for source in wanted:
        if source.kind in kinds.SERVERS:
            with contextlib.suppress(OpsError, ProgramError, OSError):
                yield from ((source.service, each) for each in other_volumes.find(data, source) if each not in read)


def _services(data: Data) -> list[str]:
    """The services that have data."""
    return [each.service for each in data.sources]


def _without_database(made: Backup) -> list[str]:
    """The services that are said to have one, and have none."""
    parts = (each for each in made.manifest.parts if each.kind == kinds.SQLITE)
    return [each.service for each in parts if not any(item.rows for item in each.items)]


def _remote(settings: Settings, data: Data, wanted: Sequence[Source], options: Options, progress: Progress) -> Made:
    """The same into S3-compatible storage: made and proven here first, since only a whole file may be seen there."""
    within = remote_shelf.folder(settings.root, options.output)
    with contextlib.nullcontext() if options.keep else contextlib.suppress(bucket.ForbiddenError):
        remote_shelf.there(within, data.project)  # it is known early whether it can be reached
    within.tidy(f"{data.project}-")
    with passing.folder(state.make(settings.root)) as here:
        made = into(settings, data, wanted, f"{here}/", progress)
        target = remote_shelf.target(settings.root, options.output, made.path.name)
        target.upload(made.path, lambda count: progress("upload", count))
    gone = remote_shelf.throw_away(within, data.project, options.keep, target.name, _services(data))
    return Made(replace(made, address=str(target)), tuple(gone))


def into(
    settings: Settings,
    data: Data,
    wanted: Sequence[Source],
    output: str,
    progress: Progress,
    reason: str = "",
    aside: Mapping[tuple[str, str], Mapping[str, str]] | None = None,
) -> Backup:
    """Back up some of a stack's data, as `upready.data.backup.make` does; the locks must be held."""
    now = datetime.now(UTC).replace(microsecond=0)
    path = shelf.place(settings.root, output, data.project, now)
    shelf.tidy(path.parent, data.project)
    usual = shelf.lengths(path.parent, data.project)

    def tell(what: str, count: int, of: int = 0, /) -> None:
        progress(what, count, usual.get(what, of))

    if path.name.endswith(shelf.SUFFIX) and path.name != shelf.name(data.project, now):
        with contextlib.suppress(ValueError):
            now = shelf.moment(path).replace(tzinfo=UTC)
    return backup.make(data, wanted, path, now=now, reason=reason, aside=aside, progress=tell)


def last(
    settings: Settings,
    data: Data,
    wanted: Sequence[Source],
    reason: str,
    progress: Progress,
    aside: Mapping[tuple[str, str], Mapping[str, str]] | None = None,
) -> Backup:
    """Back up what is about to be lost, into the project's own folder. The project's lock must be held.

    Raises:
        OpsError: As `make` does.
    """
    with _alone(settings):
        return into(settings, data, wanted, "", progress, reason, aside)


def has_rows(data: Data, source: Source) -> bool:
    """Whether a database holds any row, or a Redis any key; also where that cannot be told.

    Raises:
        DataError: It does not tell.
    """
    if source.kind == kinds.SQLITE:
        with contextlib.suppress(DataError):
            held = volume.databases(data.engine(source), data.project, source)
            return any(any(each.rows.values()) for each in held.values())
        return True
    try:
        if source.kind == kinds.REDIS:
            return any(redis.Server(data.call(source), source.container).keys().values())
        server = data.tables(source)
        if any(any(server.rows(each.name).values()) for each in server.databases()):
            return True
        return source.kind == kinds.POSTGRES and any(postgres_left_out.find(data.server(source), source.service))
    except ProgramError as error:
        raise backup.failed(source.service, error) from error


def prove(settings: Settings, output: str, identity: Path | None, progress: Progress, tell: Note) -> Backup:
    """Restore the latest backup of a folder into what is thrown away afterwards, and count its rows.

    Args:
        settings: The project's.
        output: A file, or a folder; empty for the project's own folder.
        identity: The file with the secret key of an encrypted one.
        progress: Told how far it is.
        tell: Told what a user should know.

    Raises:
        UsageError: There is no backup.
        DataError: It cannot be restored, or something of it is missing.
        EngineError: No engine answers, which this needs.
    """
    from upready.runtime.docker import containers

    connected = choice.find(settings, tell, task="invoke backup --prove", remember=False)
    if connected.name == NATIVE:
        raise UsageError(
            "--prove restores into a container, and the stack runs without an engine",
            next="invoke restore latest --into proof",
        )
    project = current.name(settings)
    opened = remote_shelf.opened(settings.root, project, output, identity, lambda count: progress("download", count))
    with _alone(settings), opened as (reader, address):
        path = reader.path
        size = sum(reader.length(item.member) for part in reader.manifest.parts for item in part.items)
        try:
            proof.prove(containers.connect(), project, reader, lambda count: progress("restored", count, size))
        except ProgramError as error:
            raise backup.failed("", error, f"{path.name} cannot be restored") from error
        except (tarfile.TarError, zlib.error) as error:
            raise DataError(f"{path.name} cannot be restored: {error}", next="invoke backup") from error
        return Backup(path, reader.manifest, reader.size, address)


def plan(settings: Settings, options: Options, tell: Note) -> list[Step]:
    """What `make` would do; the arguments and the errors are the same."""
    connected = choice.find(settings, tell, adopt=options.adopt, task="invoke backup", remember=False)
    _, wanted = _wanted(settings, connected, options)
    where = options.output or str(shelf.folder(settings.root))
    return [
        Step("back up", (each.service, *each.volumes), f"back up {each.service} ({_how(each)}) to {where}")
        for each in wanted
    ]


def listed(settings: Settings, output: str, tell: Note) -> list[Backup]:
    """The project's backups in a folder, the oldest first."""
    if bucket.is_remote(output):
        remote = remote_shelf.folder(settings.root, output)
        return remote_shelf.backups(remote, current.name(settings, somehow=True), tell)
    within = Path(output).expanduser() if output else shelf.folder(settings.root)
    return shelf.backups(within, current.name(settings, somehow=True), tell)


@contextlib.contextmanager
def held(settings: Settings, connected: Runtime, project: str, wanted: Sequence[Source]) -> Iterator[None]:
    """Let no other backup be made during the block; and no other task at work, where services are held still.

    Raises:
        LockedError: There is one.
    """
    with contextlib.ExitStack() as locks:
        if any(each.users and each.read != "running" for each in wanted):
            locks.enter_context(exclusive.hold(settings.root, "invoke backup"))
            locks.enter_context(exclusive.on_engine(connected, project, "invoke backup"))
        locks.enter_context(_alone(settings))
        yield


@contextlib.contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Let no other backup of this project be made during the block."""
    path = state.make(settings.root) / "backup.lock"
    with lock.opened(path) as file:
        if not lock.taken(file, path):
            raise LockedError(
                "another backup of this project is being made", next=f"wait until it is done, then: {AGAIN}"
            )
        yield


def _wanted(settings: Settings, connected: Runtime, options: Options) -> tuple[Data, tuple[Source, ...]]:
    found = sources.find(settings, connected)
    wanted = found.of(options.services)
    if not wanted:
        raise UsageError(
            f"{found.project} has no data: no service is a database, or has a named volume", next="invoke config"
        )
    for each in wanted:
        if each.kind not in kinds.FILES:
            found.call(each)
    return found, wanted


def _how(source: Source) -> str:
    if source.kind not in kinds.FILES:
        return f"{source.kind}, while it runs"
    held_still = f"{source.read} meanwhile" if source.users else "not running"
    return f"{', '.join(source.volumes)}, {held_still}"
