"""The backup that `invoke prod` makes before a release that runs migrations: a rollback does not take those back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from upready.data import kinds, sources, versions
from upready.data.sources import Data, Source
from upready.operations.launch_options import Show
from upready.runtime.docker.containers import Containers
from upready.stack.model import Model
from upready.stack.settings import Settings
from upready.support import next_step
from upready.support.errors import DataError, LockedError, OpsError
from upready.support.pipes import ProgramError


def found(settings: Settings, engine: Containers, merged: Model) -> tuple[Data, list[Source]]:
    """What a release might harm: databases that hold a row, and the volume of one that does not run.

    Args:
        settings: The project's.
        engine: Where it runs.
        merged: What is to be released.

    Raises:
        OpsError: It cannot be told.
    """
    from upready.operations import backup, loss  # take 40 ms, and few releases run migrations

    if engine.containers(merged.stack.project):
        data = sources.find(settings, engine)
    else:
        data = Data(merged.stack.project, engine, merged.stack, merged, (), ())
    databases = [each for each in data.sources if each.kind not in (kinds.VOLUME, kinds.NONE)]
    running = [each for each in databases if each.container.state == "running"]
    read = {name for each in running for name in sources.mounted(each.container)}
    chosen = [each for each in running if backup.has_rows(data, each)]
    chosen += (loss.unused(data.project, name) for name in _at_rest(engine, merged) if name not in read)
    return data, chosen


def make(
    settings: Settings, engine: Containers, merged: Model, release: str, migrating: Sequence[str], show: Show
) -> dict[str, str]:
    """Back up what a release might harm. The project's locks must be held.

    Returns:
        What stands in the record of it: its id, and its file on this machine; nothing where no row is there yet.

    Raises:
        DataError: It could not be made: then the release must not be.
        LockedError: Another backup is being made.
    """
    from upready.operations import backup  # as above

    show.step(f"back up before the migrations of {', '.join(migrating)}")
    try:
        data, chosen = found(settings, engine, merged)
        if not chosen:
            show.step("no row is there yet: no backup")
            return {}
        _check_at_rest(data, chosen)
        made = backup.last(settings, data, chosen, f"before the release {release}", show.reading)
        backup.tell_left_out(made, show.warn)
    except LockedError:
        raise
    except (OpsError, ProgramError, OSError) as error:
        raise DataError(
            f"the backup before the migrations could not be made: {getattr(error, 'message', error)}",
            details=[*(error.details if isinstance(error, OpsError) else ()), "nothing of the release was done"],
            next=next_step.either(
                error.next if isinstance(error, DataError) else "", f"to do without: {next_step.again('--no-backup')}"
            ),
        ) from error
    show.step(f"backup: {made.path}")
    return {"id": made.id, "file": str(made.path)}


def _check_at_rest(data: Data, chosen: Sequence[Source]) -> None:
    """Make sure that nobody writes to a volume that is read as it is.

    Raises:
        DataError: A database is at work that does not answer: it is restarted again and again, or paused.
    """
    volumes = {name for each in chosen if each.kind == kinds.VOLUME for name in each.volumes}
    for each in data.containers:
        if each.state in ("running", "restarting", "paused") and volumes & {*sources.mounted(each)}:
            raise DataError(
                f"{each.service} is {each.state}, and does not answer", next=f"invoke logs --service {each.service}"
            )


def _at_rest(engine: Containers, merged: Model) -> Iterator[str]:
    """The volumes in which databases will find data."""
    from upready.operations import loss  # as above

    named = merged.raw.get("volumes") or {}
    for service in merged.wanted:
        nobody = loss.unused(merged.stack.project, service.name).container
        kind = kinds.of(nobody, service.ops, service.image)
        if kind == kinds.VOLUME and versions.is_postgres(service, engine.image(service.image)):
            kind = kinds.POSTGRES
        if kind in (kinds.VOLUME, kinds.NONE):
            continue
        for mount in service.config.get("volumes") or ():
            volume = str((named.get(mount.get("source")) or {}).get("name") or "")
            if mount.get("type") == "volume" and volume and engine.volume(volume) is not None:
                yield volume


def names(chosen: Sequence[Source]) -> list[str]:
    """The services, or the volumes of those that do not run."""
    return [each.volumes[0] if each.kind == kinds.VOLUME else each.service for each in chosen]
