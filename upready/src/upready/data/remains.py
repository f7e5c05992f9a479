"""What a restore has left that was ended before its end: what it replaced, and what is half made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from upready.data import guard, kinds, volume, volume_exchange
from upready.data import postgres_queries as queries
from upready.data.postgres import Server
from upready.data.restore import aside
from upready.data.sources import Data, Source
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
    if isinstance(data.connected, Containers):
        guard.wait(data.connected, data.project)
    for source in data.sources:
        if source.kind == kinds.POSTGRES and source.container.state == "running":
            yield from _databases(source, data.server(source))
        elif source.kind == kinds.VOLUME and isinstance(data.connected, Containers):
            for name in source.volumes:
                if not volume.holds(data.connected, data.project, name, volume_exchange.PLACE):
                    continue
                if volume.holds(data.connected, data.project, name, volume_exchange.DONE):
                    yield Remains(source, {name: volume_exchange.WAS})
                else:
                    volume_exchange.clear(data.connected, data.project, source, name)


def _databases(source: Source, server: Server) -> Iterator[Remains]:
    names = server.ask(queries.NAMES)
    for each in names:
        if _NEW.search(each):
            server.drop(each)
        elif suffix := _OLD.search(each):
            own = (name for name in names if not _OLD.search(name) and aside(name, suffix[0]) == each)
            yield Remains(source, {next(own, each[: suffix.start()]): each})


def remove(data: Data, found: Remains) -> None:
    """Remove it; the new data serve."""
    for name, old in found.aside.items():
        if found.source.kind == kinds.POSTGRES:
            data.server(found.source).drop(old)
        else:
            volume_exchange.clear(cast("Containers", data.connected), data.project, found.source, name)
