"""SQLite databases in a volume: known by how their files begin, copied to this machine, and proven by SQLite here.

Whoever uses a volume is paused while it is read. So each database is as a loss of power would leave it: its file, and
beside that its log (`-wal`, `-journal`). SQLite puts both together when it opens the copy. No program of the container
is needed: most images that use SQLite have none of it.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from upready.data import passing
from upready.data.manifest import Item
from upready.data.restore import compare_rows
from upready.support import next_step
from upready.support.errors import DataError

_MAGIC = b"SQLite format 3\0"
_LOGS = ("-wal", "-journal")
"""What ends the names of the files beside a database that have what is not in it yet."""

_TABLES = """
SELECT name FROM sqlite_master
WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name
"""

_TIME = re.compile(r"creat|updat|modif|insert|chang|^(ts|time|timestamp|at)$", re.IGNORECASE)
_ISO = "[12][0-9][0-9][0-9]-[01][0-9]-*"
"""Columns that tell when a row was made or changed, and how a time in them begins."""

_SCHEMA_VERSIONS = {
    "alembic_version": "SELECT group_concat(version_num) FROM alembic_version",
    "schema_migrations": "SELECT max(version) FROM schema_migrations",
    "_prisma_migrations": "SELECT max(migration_name) FROM _prisma_migrations WHERE finished_at IS NOT NULL",
    "django_migrations": "SELECT app || '.' || name FROM django_migrations ORDER BY id DESC LIMIT 1",
    "knex_migrations": "SELECT name FROM knex_migrations ORDER BY id DESC LIMIT 1",
}
"""How the tables in which tools keep the version of a schema tell it."""


@dataclass
class Content:
    """What the databases of a volume hold.

    Attributes:
        rows: The number of rows of each table, which has the database's path in the volume before its name.
        schema: The version of the schema of the first that tells one, as the tool that migrates it says.
        newest: The latest time at which a row was made or changed, where columns tell that.
    """

    rows: dict[str, int] = field(default_factory=dict)
    schema: str = ""
    newest: str = ""


class Copies:
    """Copies of the databases that are met while a volume is read.

    Args:
        folder: Where they are put; None to put none.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._places: dict[str, Path] = {}
        self._open: IO[bytes] | None = None

    def file(self, name: str) -> Callable[[bytes], None]:
        """A file begins that has this path in the volume: gives a function that takes its pieces."""
        self._close()
        begun = self._folder is None

        def take(piece: bytes) -> None:
            nonlocal begun
            if not begun:
                begun = True
                self._begin(name, piece)
            if self._open:
                with _room():
                    self._open.write(piece)

        return take

    def content(self) -> Content:
        """What they hold, once each was found whole.

        Raises:
            DataError: One is not.
        """
        self._close()
        found = Content()
        for name, path in self._places.items():
            try:
                with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as opened:
                    _read(opened, name, found)
            except sqlite3.Error as error:
                raise DataError(
                    f"{name} is no whole SQLite database: {error}",
                    details=[
                        f"SQLite {sqlite3.sqlite_version} of this machine has opened a copy of it",
                        "where that is as it should be, x-ops.data: volume keeps its file as it is",
                    ],
                    next="invoke config",
                ) from error
        return found

    def compare(self, item: Item) -> None:
        """Make sure that each has the rows that a backup tells of; it tells none of one that was not whole.

        Raises:
            DataError: It is not so.
        """
        if not item.rows:
            return
        compare_rows(item, self.content().rows)

    def _begin(self, name: str, piece: bytes) -> None:
        """Open the copy of a file that begins so: of a database, or of the log of one that was met."""
        assert self._folder is not None  # noqa: S101 - `file` has looked
        log = next((each for each in _LOGS if name.endswith(each)), "")
        if log and (database := self._places.get(name.removesuffix(log))):
            place = Path(f"{database}{log}")
        elif piece.startswith(_MAGIC):
            place = self._places[name] = self._folder / str(len(self._places))
        else:
            return
        with _room():
            self._open = place.open("wb")

    def _close(self) -> None:
        if self._open:
            with _room():
                self._open.close()
            self._open = None


@contextlib.contextmanager
def copies(wanted: bool = True) -> Iterator[Copies]:
    """Copies of databases for the block; none where they are not wanted."""
    if not wanted:
        yield Copies(None)
        return
    with passing.folder() as folder:
        yield Copies(folder)


def _read(opened: sqlite3.Connection, name: str, found: Content) -> None:
    """Prove a database, and add what it holds."""
    opened.text_factory = lambda data: data.decode("utf-8", "replace")
    opened.execute("PRAGMA trusted_schema = OFF")
    tables = [str(each) for (each,) in opened.execute(_TABLES)]
    _prove(opened, tables)
    for table in tables:
        # Not by an index, whose order may be of a function that only the service has.
        ((count,),) = opened.execute(f"SELECT count(*) FROM {_identifier(table)} NOT INDEXED")  # noqa: S608 - quoted
        found.rows[f"{name} {table}"] = int(count)
        for column in _times(opened, table):
            asked = f"SELECT max({column}) FROM {_identifier(table)} NOT INDEXED WHERE {column} GLOB ?"  # noqa: S608
            found.newest = max(found.newest, str(next(opened.execute(asked, (_ISO,)))[0] or ""))
    for table, query in _SCHEMA_VERSIONS.items():
        if table in tables and not found.schema:
            with contextlib.suppress(sqlite3.OperationalError):
                version = next(opened.execute(query), (None,))[0]
                found.schema = f"{table} {version}" if version else ""


def _prove(opened: sqlite3.Connection, tables: Iterable[str]) -> None:
    """Have SQLite look at every page; without those of a table whose indexes have an order that only the service has.

    Raises:
        sqlite3.Error: It finds something.
    """
    said = _check(opened, "PRAGMA integrity_check(5)")
    if said is None:
        parts = (_check(opened, f"PRAGMA integrity_check({_identifier(table)})") for table in tables)
        said = [line for each in parts for line in each or ()]
    if wrong := [line for line in said if line != "ok"]:
        raise sqlite3.DatabaseError("; ".join(wrong))


def _check(opened: sqlite3.Connection, pragma: str) -> list[str] | None:
    """What SQLite says of pages; None where it lacks something that only the service has."""
    try:
        return [str(line) for (line,) in opened.execute(pragma)]
    except sqlite3.OperationalError as error:
        if "no such" not in str(error):
            raise
        return None


def _times(opened: sqlite3.Connection, table: str) -> list[str]:
    """The columns of a table that tell when a row was made or changed, as SQL takes them."""
    names = (str(each[1]) for each in opened.execute(f"PRAGMA table_info({_identifier(table)})"))
    return [_identifier(each) for each in names if _TIME.search(each)]


def _identifier(name: str) -> str:
    """A name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


@contextlib.contextmanager
def _room() -> Iterator[None]:
    """Tell where a copy cannot be written."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"a database cannot be copied to this machine: {error}",
            details=["it is copied to the folder for temporary files, which the variable TMPDIR names"],
            next=f"make room there, or set TMPDIR, then: {next_step.AGAIN}",
        ) from error
