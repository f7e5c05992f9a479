"""The volumes of a database's service that hold something else than its databases: no dump has that."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from upready.data import kinds, mysql, redis
from upready.data.sources import Data, Source, mounted


def find(data: Data, source: Source) -> list[str]:
    """The named volumes of a server that runs in which it keeps none of its data, by name.

    Raises:
        ProgramError: It does not tell where its data are.
        UsageError: It does not run.
    """
    if not mounted(source.container):
        return []
    folders = [PurePosixPath(each) for each in _folders(data, source) if each.startswith("/")]
    own = {
        str(each.get("Name"))
        for each in source.container.raw.get("Mounts") or []
        if _is_near(PurePosixPath(str(each.get("Destination"))), folders)
    }
    return [each for each in mounted(source.container) if each not in own]


def _folders(data: Data, source: Source) -> Iterable[str]:
    if source.kind == kinds.POSTGRES:
        return data.server(source).folders()
    if source.kind == kinds.REDIS:
        return [redis.Server(data.call(source), source.container).files().folder]
    return mysql.Server(data.call(source)).folders()


def _is_near(place: PurePosixPath, folders: Iterable[PurePosixPath]) -> bool:
    """Whether a place holds one of some folders, or is in one."""
    return any(each.is_relative_to(place) or place.is_relative_to(each) for each in folders)
