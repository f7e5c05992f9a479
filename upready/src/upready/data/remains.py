"""What a restore has left that was ended before its end: what it replaced, and what is half made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from upready.data import guard, kinds, mysql, redis, volume, volume_exchange
from upready.data import postgres_queries as queries
from upready.data.postgres import Server
from upready.data.redis_folder import Folder
from upready.data.restore import aside
from upready.data.sources import Data, Source, mounted
from upready.runtime.docker.containers import Containers

_OLD, _NEW = (re.compile(rf"__{word}_\d{{8}}T\d{{6}}$") for word in ("old", "new"))
"""How the name of a database ends that was replaced, or half made; see `upready.data.restore.Databases.old`."""


@dataclass(frozen=True)
class Remains:
    """What was replaced of one service, and is there still.

    Attributes:
        source: The service.
        aside: The databases or volumes by their own names: the name that a database has now, the folder in a volume.
    """

    source: Source
    aside: Mapping[str, str]

    @property
    def names(self) -> str:
        """What was replaced, in words."""
        return ", ".join(f"{name} of {self.source.service}" for name in self.aside)


def find(data: Data) -> Iterator[Remains]:
    """What restores have replaced and not removed; what they have half made is removed. No restore may be at work.

    Raises:
        ProgramError: A server refuses something.
        EngineError: The engine does not answer.
    """
    on_engine = isinstance(data.connected, Containers)
    for engine in {data.engine(each) for each in data.sources if on_engine}:
        guard.wait(engine, data.project)
        volume.tidy(engine, data.project)
    seen: set[tuple[str, str]] = set()
    for source in data.sources:
        files = [*_files(data, source, seen)] if on_engine else []
        yield from files
        if source.container.state != "running":
            continue
        if source.kind == kinds.POSTGRES:
            yield from _databases(source, data.server(source))
        elif source.kind in (kinds.MYSQL, kinds.MARIADB):
            yield from _moved(source, mysql.Server(data.call(source)))
        elif source.kind == kinds.REDIS and not files:
            yield from _keys(data, source)


def _files(data: Data, source: Source, seen: set[tuple[str, str]]) -> Iterator[Remains]:
    """The same in volumes: those of a server, too, which are in a backup that was made while it did not run.

    Args:
        data: The stack's.
        source: The service.
        seen: The node and the name of each volume that was looked at: several services may have it.
    """
    engine, container = data.engine(source), source.container
    for name in source.volumes if source.kind in kinds.FILES else mounted(container):
        if (container.node, name) in seen:
            continue
        seen.add((container.node, name))

        def holds(path: str, name: str = name) -> bool:
            return volume.holds(engine, data.project, name, path)

        if not holds(volume_exchange.PLACE):
            continue
        # Redis has a folder of the same name, for restores of its keys.
        if source.kind == kinds.REDIS and not holds(volume_exchange.WAS) and not holds(volume_exchange.NEW):
            continue
        as_files = source
        if source.kind in kinds.SERVERS:
            users = tuple(each for each in data.containers if each.state == "running" and name in mounted(each))
            as_files = replace(source, kind=kinds.VOLUME, volumes=(name,), users=users)
        if holds(volume_exchange.DONE):
            yield Remains(as_files, {name: volume_exchange.WAS})
            continue
        # Half exchanged: who uses it has opened what is about to be put back.
        with guard.still(engine, as_files.users if holds(volume_exchange.WAS) else (), "stopped"):
            volume_exchange.clear(engine, data.project, as_files, name)


def _databases(source: Source, server: Server) -> Iterator[Remains]:
    broken: dict[str, bool] = dict(server.ask(queries.NAMES))
    for each, is_broken in broken.items():
        # What was replaced is removed once it is in a backup: where that was cut off, too.
        if _NEW.search(each) or (_OLD.search(each) and is_broken):
            server.drop(each)
        elif _OLD.search(each):
            yield Remains(source, {_own(each, broken): each})


def _moved(source: Source, server: mysql.Server) -> Iterator[Remains]:
    server.await_shell()
    server.tidy()
    names = [each.name for each in server.databases()]
    for each in filter(_OLD.search, names):
        own = _own(each, names)
        if own in names and not server.parts(each).movable:
            server.drop(each)  # its tables were not moved yet, or moved back
        else:
            yield Remains(source, {own: each})


def _own(old: str, names: Iterable[str]) -> str:
    """The own name of a database that was replaced; cut, where it was too long for the suffix and is not there."""
    suffix = old[-len("__old_20261127T172729") :]
    return next(
        (name for name in names if not _OLD.search(name) and aside(name, suffix) == old), old.removesuffix(suffix)
    )


def _folder(data: Data, source: Source) -> Folder:
    server = redis.Server(data.call(source), source.container)
    return Folder(data.engine(source), data.project, source, server.files())


def _keys(data: Data, source: Source) -> Iterator[Remains]:
    folder = _folder(data, source)
    if folder.holds("done"):
        yield Remains(source, {folder.files.rdb: folder.replaced})
    elif folder.holds("was"):
        # Half exchanged: what the server has loaded is not all of it.
        with guard.still(folder.engine, [source.container], "stopped"):
            folder.clear()
    elif folder.holds():
        folder.clear()


def remove(data: Data, found: Remains) -> None:
    """Remove it; the new data serve."""
    for name, old in found.aside.items():
        if found.source.kind == kinds.POSTGRES:
            data.server(found.source).drop(old)
        elif found.source.kind in (kinds.MYSQL, kinds.MARIADB):
            mysql.Server(data.call(found.source)).drop(old)
        elif found.source.kind == kinds.REDIS:
            _folder(data, found.source).clear()
        else:
            volume_exchange.clear(data.engine(found.source), data.project, found.source, name)
