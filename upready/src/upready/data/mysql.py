"""The data of MySQL and MariaDB, through their own programs where they run: counted, dumped, restored beside, swapped.

Everything goes through pipes and the programs of the server's own version, as for PostgreSQL.
"""

from __future__ import annotations

import contextlib
import json
import re
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from upready.data import container_values
from upready.data import mysql_queries as queries
from upready.data.mysql_queries import identifier, quoted
from upready.data.postgres import Database
from upready.support import pipes
from upready.support.pipes import Call, ProgramError, Readable

ENVIRONMENT = (
    container_values.SCRIPT
    + r"""
user=$(value MARIADB_ROOT_USER MYSQL_ROOT_USER)
word=$(value MARIADB_ROOT_PASSWORD MYSQL_ROOT_PASSWORD)
own=$(value MARIADB_USER MYSQL_USER)
empty=$(value MARIADB_ALLOW_EMPTY_ROOT_PASSWORD MYSQL_ALLOW_EMPTY_PASSWORD ALLOW_EMPTY_PASSWORD)
if [ -z "$word" ] && [ -z "$empty" ] && [ -n "$own" ]; then
  user=$own word=$(value MARIADB_PASSWORD MYSQL_PASSWORD)
fi
export MYSQL_PWD="$word"
client() { "$(command -v mariadb || command -v mysql)" --user="${user:-root}" "$@"; }
dump() { "$(command -v mariadb-dump || command -v mysqldump)" --user="${user:-root}" "$@"; }
"""
)
"""Read in the container, where the variables and secret files of the official images and of Bitnami's are.

The password goes to the programs by their environment: `ps` does not show that.
"""

CLIENT = ("--batch", "--raw", "--skip-column-names", "--binary-mode", "--default-character-set=utf8mb4")
_LARGEST = "--max-allowed-packet=1G"
_DUMP = (
    "--skip-comments",
    "--no-tablespaces",
    "--default-character-set=utf8mb4",
    _LARGEST,
    # What only MySQL knows.
    "--loose-set-gtid-purged=OFF",
    "--loose-column-statistics=0",
    # What only MariaDB knows.
    "--loose-dump-history",
)

_EVENTS = "-- events"
"""The line in SQL before the events."""

_MARK = "upready-exchange"
_WAIT = "while grep -qs 'upready-[e]xchange' /proc/[0-9]*/cmdline; do sleep 1; done"
"""A word on the command line of a script that must not be cut off, and what waits until none has it."""

KEPT = "upready_definitions"
"""The table in a replaced database that has its views, triggers, routines and events."""


@dataclass(frozen=True)
class Definitions:
    """What belongs to a database's tables, as SQL for the database that is in use.

    Attributes:
        now: Its character set, routines, views and triggers, in this order.
        later: Its events, which run by themselves as soon as they are made.
        broken: The views that are not in it, as something that they show is gone, with what the server says of each.
    """

    now: str
    later: str
    broken: Mapping[str, str] = field(default_factory=dict)

    @property
    def whole(self) -> str:
        """All of it, as it stands in a backup."""
        return f"{self.now}\n{_EVENTS}\n{self.later}"

    @classmethod
    def parted(cls, whole: str) -> Definitions:
        """What `whole` gave."""
        now, _, later = whole.partition(f"\n{_EVENTS}\n")
        return cls(now, later)


@dataclass(frozen=True)
class Parts:
    """What a database has, as (kind, name): tables, views, triggers, routines, events."""

    every: tuple[tuple[str, str], ...]

    def of(self, *kinds: str) -> list[str]:
        """The names of those of some kinds."""
        return [name for kind, name in self.every if kind in kinds]

    @property
    def tables(self) -> list[str]:
        """The tables that hold rows of the user's."""
        return sorted(each for each in self.of("BASE TABLE", "SYSTEM VERSIONED") if each != KEPT)

    @property
    def movable(self) -> list[str]:
        """What RENAME TABLE can move to another database, where it has no trigger."""
        return [*self.tables, *self.of("SEQUENCE")]

    @property
    def fixed(self) -> list[tuple[str, str]]:
        """What else cannot be moved: views, routines and events."""
        return [each for each in self.every if each[0] in ("VIEW", "FUNCTION", "PROCEDURE", "PACKAGE", "EVENT")]

    @property
    def triggers(self) -> list[tuple[str, str]]:
        """The triggers."""
        return [each for each in self.every if each[0] == "TRIGGER"]

    @property
    def is_replaced(self) -> bool:
        """Whether it is what a restore has replaced."""
        return ("BASE TABLE", KEPT) in self.every


class Server:
    """A MySQL or MariaDB that runs in a container, as its administrator.

    Args:
        call: How a program is called where the server runs (`Runtime.piped`).

    Every method raises `ProgramError` where a program refuses, with its own words.
    """

    def __init__(self, call: Callable[[Sequence[str]], Call]) -> None:
        self._call = call

    def ask(self, sql: str, database: str = "") -> list[Any]:
        """What queries answer, whose only column is JSON."""
        return [json.loads(line) for line in self.lines(sql, database) if line]

    def lines(self, sql: str, database: str = "") -> list[str]:
        """What statements answer, line by line."""
        place = [f"--database={database}"] if database else []
        call = self._run("client", *CLIENT, *place)
        return pipes.output(call, f"{queries.PATIENT}{sql}\n".encode()).decode("utf-8", "replace").splitlines()

    def version(self) -> str:
        """The server's version, with its maker: `MariaDB 10.11.6`, `MySQL 8.4.3`."""
        (said,) = self.ask("SELECT JSON_ARRAY(VERSION());")[0]
        number = re.match(r"[\d.]+", said)
        return f"{'MariaDB' if 'mariadb' in said.lower() else 'MySQL'} {number[0] if number else said}"

    def databases(self) -> list[Database]:
        """Its databases, the service's own first; not those of the server itself."""
        said = pipes.output(self._call(["sh", "-c", f"{ENVIRONMENT}value MARIADB_DATABASE MYSQL_DATABASE"]))
        own = said.decode("utf-8", "replace").strip()
        found = self.ask(queries.DATABASES)
        made = [Database(name, int(size), name == own or len(found) == 1, None) for name, size in found]
        return sorted(made, key=lambda each: (not each.main, each.name))

    def parts(self, database: str) -> Parts:
        """What a database has."""
        found = [(kind, name) for kind, name in self.ask(queries.PARTS.format(quoted(database)))]
        return Parts(tuple(sorted(found)))

    def rows(self, database: str) -> dict[str, int]:
        """The number of rows of each table: counted, not estimated."""
        parts = self.parts(database)
        # Of such a table, also what it was before.
        versioned = {*parts.of("SYSTEM VERSIONED")}
        counts = [
            queries.COUNT.format(
                quoted(each), identifier(database, each) + (" FOR SYSTEM_TIME ALL" if each in versioned else "")
            )
            for each in parts.tables
        ]
        return {name: int(count) for name, count in self.ask("\n".join(counts))} if counts else {}

    def newest(self, database: str) -> str:
        """The latest time at which a row was made or changed, where columns tell that; else empty."""
        columns = self.ask(queries.TIMES.format(quoted(database)))
        asked = (queries.NEWEST.format(identifier(column), identifier(database, table)) for table, column in columns)
        return max((str(time) for (time,) in self.ask("\n".join(asked)) if time), default="") if columns else ""

    def schema_version(self, database: str, tables: Collection[str]) -> str:
        """The version of the schema, as the tool that migrates it keeps it in a table; empty where none does."""
        for table, query in queries.SCHEMA_VERSIONS.items():
            if table in tables:
                with contextlib.suppress(ProgramError):
                    ((found,),) = self.ask(queries.VALUES.format(query, identifier(database, table)))
                    return f"{table} {found}" if found else ""
        return ""

    def free(self) -> int:
        """Bytes that are free on the disk of its data."""
        (folder,) = self.ask("SELECT JSON_ARRAY(@@datadir);")[0]
        said = pipes.output(self._call(["df", "-Pk", folder])).decode("utf-8", "replace")
        return int(said.splitlines()[-1].split()[-3]) * 1024

    def folders(self) -> list[str]:
        """The folders in which it keeps its data and its logs of changes, as its settings name them."""
        return [str(each) for each in self.ask(queries.FOLDERS)[0] if each]

    @contextlib.contextmanager
    def dump(self, database: str, parts: Parts) -> Iterator[Readable]:
        """The tables of a database and their rows, at one moment, to be read in the block."""
        ignored = _without(database, [*parts.of("VIEW"), KEPT])
        # Texts of bytes as numbers, so that no character set can change them.
        line = ("--single-transaction", "--quick", "--hex-blob", "--skip-triggers", "--no-autocommit", *ignored)
        with pipes.child(self._run("dump", *_DUMP, *line, "--", database)) as running:
            yield running.stdout

    def definitions(self, database: str, parts: Parts) -> Definitions:
        """What belongs to a database's tables."""
        if parts.is_replaced:
            return Definitions(*self.ask(queries.VALUES.format("now, later", identifier(database, KEPT)))[0])
        # No row is read: nobody has to wait for that. A view has none of it, and one of which a table is gone ends all.
        unlocked, last = ("--no-data", "--skip-lock-tables"), ("--", database)
        only = (*unlocked, "--no-create-info", *_without(database, parts.of("VIEW")))
        lines: list[tuple[str, ...]] = [(*only, "--skip-triggers", "--routines", *last)]
        broken = self._broken_views(database, parts.of("VIEW"))
        if views := [each for each in parts.of("VIEW") if each not in broken]:
            lines += [(*unlocked, "--skip-triggers", *last, *views)]
        lines += [(*only, "--triggers", "--add-drop-trigger", *last), (*only, "--skip-triggers", "--events", *last)]
        asked = "client " + shlex.join([*CLIENT, "-e", queries.CHARACTERS.format(quoted(database))])
        calls = [asked, *(f"dump {shlex.join([*_DUMP, *line])}" for line in lines)]
        calls.insert(-1, f"printf '\\n%s\\n' '{_EVENTS}'")
        said = pipes.output(self._call(["sh", "-c", f"set -e\n{ENVIRONMENT}{chr(10).join(calls)}"]))
        return replace(Definitions.parted(said.decode("utf-8", "surrogateescape")), broken=broken)

    def _broken_views(self, database: str, views: Sequence[str]) -> dict[str, str]:
        """Those of a database's views of which not all is there, with what the server says of each.

        One whose table was dropped can be neither read nor made: so a database is when somebody wants a backup back.
        """
        if not views:
            return {}
        asked = f"CHECK TABLE {', '.join(identifier(database, each) for each in views)};"
        names, found = {f"{database}.{each}": each for each in views}, dict[str, str]()
        for line in self.lines(asked):
            name, _, said = line.partition("\tcheck\t")
            kind, _, words = said.partition("\t")
            if kind.lower() == "error" and name in names:
                found.setdefault(names[name], words)
        return found

    def create(self, name: str) -> None:
        """Make an empty database."""
        self.lines(f"CREATE DATABASE {identifier(name)};")

    def restore(self, database: str, dump: Iterable[bytes]) -> None:
        """Put the plain text of a dump into a database."""
        with self._large(), pipes.child(self._run("client", *CLIENT, _LARGEST, f"--database={database}")) as running:
            for piece in dump:
                pipes.write_whole(running.stdin, piece)

    @contextlib.contextmanager
    def _large(self) -> Iterator[None]:
        """Let the server take the largest statements: what a dump writes as a number is twice as long as it was."""
        ((usual,),) = self.ask("SELECT JSON_ARRAY(@@GLOBAL.max_allowed_packet);")
        try:
            self.lines("SET GLOBAL max_allowed_packet = 1073741824;")
        except ProgramError:  # it is no administrator: then only a value of many megabytes fails
            yield
            return
        try:
            yield
        finally:
            self.lines(f"SET GLOBAL max_allowed_packet = {usual};")

    def drop(self, *databases: str) -> None:
        """Remove databases, if they are there."""
        if databases:
            self.lines("\n".join(f"DROP DATABASE IF EXISTS {identifier(each)};" for each in databases))

    def tidy(self) -> None:
        """Remove what a restore that was killed has left half made."""
        self.drop(*(name for (name,) in self.ask(queries.HALF)))

    def shell(self, script: str, text: bytes) -> None:
        """Run a script of the container's shell, in which `client` is the server's; it gets a text as its input."""
        pipes.output(self._call(["sh", "-c", f"{ENVIRONMENT}{script}", _MARK]), text)

    def await_shell(self) -> None:
        """Wait until such a script has ended, which goes on where its task was killed."""
        pipes.output(self._call(["sh", "-c", _WAIT]))

    def _run(self, program: str, *options: str) -> Call:
        return self._call(["sh", "-c", f'{ENVIRONMENT}{program} "$@"', "sh", *options])


def _without(database: str, tables: Iterable[str]) -> list[str]:
    """The options of a dump that leave tables and views out."""
    return [f"--ignore-table={database}.{each}" for each in tables]
