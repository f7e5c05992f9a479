"""The backup that `invoke prod` makes before a release that runs migrations: a rollback does not take those back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from upready.data import kinds, sources, versions
from upready.data.sources import Data, Source
from upready.operations import backup, loss
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
    show.step(f"back up before the migrations of {', '.join(migrating)}")
    try:
        data, chosen = found(settings, engine, merged)
        if not chosen:
            show.step("no row is there yet: no backup")
            return {}
        made = backup.last(settings, data, chosen, f"before the release {release}", show.reading)
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


def _at_rest(engine: Containers, merged: Model) -> Iterator[str]:
    """The volumes in which services of PostgreSQL will find data."""
    for service in merged.wanted:
        image = engine.image(service.image)
        if service.ops.get("data") == kinds.NONE or not versions.is_postgres(service, image):
            continue
        place = versions.where(merged, service, image)
        new = versions.of_image(image, service.image) if place and place.volume else 0
        if place and new and versions.of_volume(engine, merged.stack.project, place, new) is not None:
            yield place.volume


def names(chosen: Sequence[Source]) -> list[str]:
    """The services, or the volumes of those that do not run."""
    return [each.volumes[0] if each.kind == kinds.VOLUME else each.service for each in chosen]
