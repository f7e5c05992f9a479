"""What `invoke stop --volumes` would remove for good: its sizes, its rows; and the last backup of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from upready.data import kinds, other_volumes, postgres_left_out, redis, sources, volume
from upready.data.backup import Backup, Progress
from upready.data.sources import Data, Source
from upready.operations import backup
from upready.runtime.docker.containers import Containers
from upready.runtime.docker.engine import Engine, answering
from upready.runtime.docker.store import Store
from upready.runtime.interface import Container, Runtime
from upready.runtime.swarm.task_state import ELSEWHERE
from upready.stack.model import Model
from upready.stack.selection import Stack
from upready.stack.settings import Settings
from upready.support import next_step, units
from upready.support.errors import DataError, EngineError, OpsError
from upready.support.pipes import ProgramError

RECORD = "_releases"
"""What ends the name of the volume that holds the record of releases: it is no data of the user's."""

Held = tuple[Runtime, Sequence[Store]]
"""Where something of a project is, and its volumes there, by machine."""

SHOWN = 4
"""Tables of a database that are named, those with the most rows."""


@dataclass(frozen=True)
class Loss:
    """What is about to be removed.

    Attributes:
        project: Its name.
        folders: From where it was started, or would be.
        volumes: The volumes and folders that hold data.
        told: What they hold, a line each: `volume shop_data, 48 MB`.
        backup: Whether a last backup is made before.
    """

    project: str
    folders: tuple[str, ...]
    volumes: tuple[str, ...]
    told: tuple[str, ...]
    backup: bool = False


def of(
    project: str,
    root: Path,
    running: Sequence[Held],
    found: Sequence[Data],
    *,
    backup: bool = False,
) -> Loss:
    """What would be lost, and what of other nodes of a swarm would stay.

    Args:
        project: Its name.
        root: The folder of the project that is at work.
        running: Where something of it is, and the volumes there, by machine.
        found: What is known of the data there, where that could be found out.
        backup: Whether a last backup is made before.
    """
    going = [(connected, each) for connected, stores in running for each in stores if not each.why]
    folders = {each.folder: None for connected, _ in running for each in connected.origins(project) if each.folder}
    told = []
    for connected, store in going:
        sizes = volume_sizes(store.engine)
        told += [f"{_kind(connected)} {name}{store.where}{_size(sizes.get(name))}" for name in store.volumes]
    for data in found:
        stores = _stores(running, data.connected)
        told += [line for source in data.sources if not _store(stores, source).why for line in _rows(data, source)]
    told += staying(running)
    volumes = tuple(name for _, store in going for name in store.volumes)
    return Loss(project, tuple(folders) or (str(root),), volumes, tuple(told), backup)


def staying(running: Sequence[Held]) -> list[str]:
    """What of a project stays because the engine of its node cannot be asked, a line each."""
    told = []
    for each in (store for _, stores in running for store in stores if store.why):
        what = (
            f"volume {', '.join(each.volumes)}{each.where} stays" if each.volumes else f"stays{each.where}: any volume"
        )
        told.append(f"{what} ({each.why}; {each.step})" if each.step else f"{what} ({each.why})")
    return told


def look(settings: Settings, running: Sequence[Runtime]) -> list[Data]:
    """What is known of the data in some runtimes; without those that tell nothing."""
    found = []
    for connected in running:
        with contextlib.suppress(OpsError):
            found.append(sources.find(settings, connected))
    return found


def keep(stack: Stack, running: Sequence[Held], found: Sequence[Data]) -> list[tuple[Data, list[Source]]]:
    """What of it a last backup is to hold: databases with rows, and volumes that are not empty.

    The volume of a database that does not run is kept as it is.

    Args:
        stack: The project's.
        running: As in `of`.
        found: As there.
    """
    wanted = []
    for connected, stores in running:
        data = next((each for each in found if each.connected is connected), None)
        if data is None:
            data = Data(stack.project, connected, stack, Model({}, {}, {}, stack), (), ())
        going = [each for each in data.sources if not _store(stores, each).why]
        databases = [each for each in going if each.kind in kinds.SERVERS and _runs(each)]
        chosen = [each for each in databases if _has_rows(data, each)]
        for store in stores:
            empty = {name for name, size in volume_sizes(store.engine).items() if size == 0}
            here = [each for each in going if _store(stores, each) is store]
            chosen += [each for each in here if each.kind not in kinds.TABLES and not empty.issuperset(each.volumes)]
            read = [each for each in (*databases, *chosen) if _store(stores, each) is store]
            covered = {name for each in read for name in _covered(data, each)}
            if store.engine is not None:
                alone = [each for each in store.volumes if each not in covered | empty and not each.endswith(RECORD)]
                chosen += [unused(stack.project, name, store.node) for name in alone]
        wanted += [(data, each) for each in _apart(chosen)]
    return wanted


def back_up(settings: Settings, wanted: Sequence[tuple[Data, Sequence[Source]]], progress: Progress) -> list[Backup]:
    """Make the last backups; the project's lock must be held.

    Raises:
        DataError: One could not be made: then nothing must be removed.
        EngineError: The engine has stopped answering meanwhile.
    """
    made = []
    for data, chosen in wanted:
        try:
            for source in chosen:
                _check_whole(data, source)
            made.append(backup.last(settings, data, chosen, "before stop --volumes", progress))
        except EngineError as error:
            error.details.append("nothing was stopped or removed")
            raise
        except (OpsError, ProgramError, OSError) as error:
            details = list(error.details) if isinstance(error, OpsError) else []
            raise DataError(
                f"the last backup before stop --volumes could not be made: {getattr(error, 'message', error)}",
                details=[*details, "nothing was stopped or removed"],
                next=next_step.either(
                    error.next if isinstance(error, _PartlyError) else "",
                    "to do without: invoke stop --volumes --no-backup",
                ),
            ) from error
    return made


class _PartlyError(DataError):
    """A last backup would not have all that goes."""


def _check_whole(data: Data, source: Source) -> None:
    """Make sure that a backup can have all databases of a service.

    Raises:
        _PartlyError: It cannot have one, which would be gone then.
        ProgramError: The server refuses something.
    """
    if source.kind != kinds.POSTGRES:
        return
    if left := [*postgres_left_out.find(data.server(source), source.service)]:
        raise _PartlyError(
            left[0].of(source.service),
            details=[each.of(source.service) for each in left[1:]],
            next=next_step.either(*(each.next for each in left)),
        )


def _apart(chosen: Sequence[Source]) -> Iterator[list[Source]]:
    """What each of several backups is to hold, as one holds one of a name: what services use last, for it is `latest`.

    Volumes of one name on several nodes are such: a service that was moved has left one behind.
    """
    left = sorted(chosen, key=_is_unused)
    several = []
    while left:
        first = {each.service: each for each in reversed(left)}
        several.append([each for each in left if first[each.service] is each])
        left = [each for each in left if first[each.service] is not each]
    yield from reversed(several)


def volume_sizes(engine: Engine | None) -> Mapping[str, int]:
    """The size of each volume of an engine in bytes; nothing where it does not tell."""
    if engine is None:
        return {}
    from docker.errors import APIError

    api: Any = engine.client.api
    with answering(), contextlib.suppress(APIError, ValueError):
        said = api._get(api._url("/system/df"), params={"type": "volume"})
        api._raise_for_status(said)
        listed = said.json().get("Volumes") or []
        sizes = {str(each["Name"]): int((each.get("UsageData") or {}).get("Size", -1)) for each in listed}
        return {name: size for name, size in sizes.items() if size >= 0}
    return {}


def _covered(data: Data, source: Source) -> set[str]:
    """The volumes of which a backup of a service has what they hold."""
    others: Sequence[str] = ()
    if source.kind in kinds.SERVERS:
        try:
            others = other_volumes.find(data, source)
        except (OpsError, ProgramError, OSError):
            others = sources.mounted(source.container)  # too much is better than too little
    return {*sources.mounted(source.container)}.difference(others)


def _has_rows(data: Data, source: Source) -> bool:
    try:
        return backup.has_rows(data, source)
    except (OpsError, ProgramError, OSError):
        return True  # the backup will tell why it cannot be read


def unused(project: str, volume: str, node: str = "") -> Source:
    """A volume that no container has any more, or whose database does not run; of a swarm, on another node."""
    service = volume.removeprefix(f"{project}_")
    nobody = Container("", "", service, 1, "", "exited", "", (), None, False, "", 0, None, None)
    if node:
        nobody = replace(nobody, name=f"the volume {volume}", node=node, raw=ELSEWHERE)
    return Source(service, kinds.VOLUME, nobody, (volume,), (), "running", "")


def _stores(running: Sequence[Held], connected: Runtime) -> Sequence[Store]:
    return next((stores for each, stores in running if each is connected), ())


def _store(stores: Sequence[Store], source: Source) -> Store:
    """The machine that has the data of a service: a node of a swarm, else the one that is asked anyway."""
    there = (each for each in stores if each.node and each.node == source.container.node)
    return next(there, stores[0] if stores else Store(None, ()))


def _is_unused(source: Source) -> bool:
    return not source.container.id


def _runs(source: Source) -> bool:
    return source.container.state == "running"


def _rows(data: Data, source: Source) -> Iterator[str]:
    """The databases of a service with their rows, a line each."""
    if source.kind == kinds.SQLITE:
        with contextlib.suppress(OpsError):
            for name, held in volume.databases(data.engine(source), data.project, source).items():
                yield f"SQLite in {name}: {_tables(held.rows)}"
    if source.kind not in kinds.SERVERS or not _runs(source):
        return
    with contextlib.suppress(OpsError, ProgramError, OSError):
        if source.kind == kinds.REDIS:
            keys = redis.Server(data.call(source), source.container).keys()
            yield f"{source.service}: {units.counted(sum(keys.values()), 'key')}"
            return
        server = data.tables(source)
        for database in server.databases():
            yield f"database {database.name} of {source.service}: {_tables(server.rows(database.name))}"
        if source.kind == kinds.POSTGRES:
            for each in postgres_left_out.find(data.server(source), source.service):
                yield f"{each.kind} {each.name} of {source.service}, {each.why}: no backup has it"


def _tables(rows: Mapping[str, int]) -> str:
    """How many rows there are, and the tables with the most of them."""
    most = sorted(rows.items(), key=lambda each: (-each[1], each[0]))
    named = ", ".join(f"{name} {count:,}" for name, count in most[:SHOWN])
    more = f", and {len(most) - SHOWN} tables more" if len(most) > SHOWN else ""
    return f"{units.counted(sum(rows.values()), 'row')} ({named}{more})" if rows else "no table"


def _kind(connected: Runtime) -> str:
    return "volume" if isinstance(connected, Containers) else "folder"


def _size(count: int | None) -> str:
    return "" if count is None else f", {units.size(count)}"
