"""PostgreSQL's data, through its own programs where it runs: counted, dumped, restored beside what is there, swapped.

Everything goes through pipes and the programs of the server's own version, so that it works in a container, on a remote
engine and natively, and whatever the size is.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from upready.data import postgres_queries as queries
from upready.data.postgres_listing import lister
from upready.data.postgres_queries import database_uri, identifier, quoted
from upready.data.postgres_session import Session, Snapshot
from upready.support import pipes
from upready.support.pipes import Call, ProgramError, Readable

ENVIRONMENT = """
user=${POSTGRES_USER:-${POSTGRESQL_USERNAME:-postgres}}
[ ! -r "${POSTGRES_USER_FILE:-}" ] || user=$(cat "$POSTGRES_USER_FILE")
name=${POSTGRES_DB:-${POSTGRESQL_DATABASE:-$user}}
[ ! -r "${POSTGRES_DB_FILE:-}" ] || name=$(cat "$POSTGRES_DB_FILE")
word=${PGPASSWORD:-${POSTGRES_PASSWORD:-${POSTGRESQL_PASSWORD:-}}}
[ ! -r "${POSTGRES_PASSWORD_FILE:-}" ] || word=$(cat "$POSTGRES_PASSWORD_FILE")
export PGUSER="${PGUSER:-$user}" PGDATABASE="${PGDATABASE:-$name}" PGPASSWORD="$word"
port= sockets=
running="${PGDATA:-/var/lib/postgresql/data}/postmaster.pid"
if [ -r "$running" ]; then
  { read -r each; read -r each; read -r each; read -r port; read -r sockets; } <"$running"
fi
[ -z "$port" ] || export PGPORT="$port" PGHOST="${sockets:-127.0.0.1}"
"""
"""Read in the container, where the variables and secret files of the official image and of Bitnami's are.

The port and the folder of the socket are those that the server has written down itself: a command or a configuration
file may have changed them. Where that cannot be read, they are the programs' own.
"""


_NO_CONNECTION = 2
"""The exit code of a psql that could not connect."""

_ROLE = "CREATE ROLE "
"""How a line of `pg_dumpall` begins that makes a role."""


@dataclass(frozen=True)
class Database:
    """A database of a server.

    Attributes:
        name: Its name.
        size: Bytes on its disk.
        main: Whether it is the service's own: POSTGRES_DB.
        changes: A count of changed rows since the server began to count; None where it does not.
    """

    name: str
    size: int
    main: bool
    changes: int | None


class Server:
    """A PostgreSQL that runs, as its superuser.

    Args:
        call: How a program is called where the server runs (`Runtime.piped`).
        in_container: Whether the user, the password and the database come from the container's own variables;
            otherwise the call has them (PGUSER, …).

    Every method raises `ProgramError` where a program of PostgreSQL refuses, with its own words.
    """

    def __init__(self, call: Callable[[Sequence[str]], Call], *, in_container: bool) -> None:
        self._call = call
        self._in_container = in_container
        self._session: Session | None = None
        self._is_lost = False  # the service's own database is not there, or cannot be connected to

    def program(self, *words: str) -> Call:
        """How one of PostgreSQL's programs is called, as the superuser of this server."""
        if self._in_container:
            return self._call(["sh", "-c", f'{ENVIRONMENT}exec "$@"', "sh", *words])
        return self._call(words)

    def ask(self, sql: str, database: str = "") -> list[Any]:
        """What a query answers, whose only column is JSON; several statements are one after the other."""
        if self._session and not database:
            return self._session.ask(sql)
        place = ("-d", database_uri(database)) if database else self._place
        try:
            said = pipes.output(self._psql(*place), f"{queries.PATIENT}{sql}\n".encode())
        except ProgramError as error:
            if place or error.code != _NO_CONNECTION or not self._answers("-d", "postgres"):
                raise
            self._is_lost = not self._answers()  # or was the server about to start?
            if not self._is_lost:
                raise
            return self.ask(sql)
        return [json.loads(line) for line in said.decode().splitlines() if line]

    def _answers(self, *place: str) -> bool:
        """Whether psql can connect to a database; of no place, to the service's own."""
        with contextlib.suppress(ProgramError):
            pipes.output(self._psql(*place, "-c", "SELECT 1"))
            return True
        return False

    @property
    def _place(self) -> tuple[str, ...]:
        """Where psql asks what is of no certain database: in the service's own, if that can be."""
        return ("-d", "postgres") if self._is_lost else ()

    @contextlib.contextmanager
    def session(self) -> Iterator[None]:
        """Let one psql answer all that is asked in the block of no certain database.

        One thread may ask at a time; and in the block nobody may be connected to a database that is renamed or dropped.
        """
        with pipes.child(self._psql(*self._place)) as running:
            self._session = Session(running)
            try:
                yield
            finally:
                self._session = None

    def look(self) -> tuple[str, list[Database]]:
        """What `version` and `every_database` tell, asked at once."""
        version, *found = self.ask(f"{queries.VERSION}\n{queries.DATABASES}")
        return str(version), [self._found(each) for each in found]

    def version(self) -> str:
        """The server's version: `17.2`."""
        return str(self.ask(queries.VERSION)[0])

    def databases(self) -> list[Database]:
        """Its databases, the service's own first; not `postgres`, where that is not it and holds no table."""
        return [each for each in self.every_database() if self._is_wanted(each)]

    def version_and_databases(self) -> tuple[str, list[Database]]:
        """What `version` and `databases` tell."""
        version, found = self.look()
        return version, [each for each in found if self._is_wanted(each)]

    def every_database(self) -> list[Database]:
        """The same, whatever they hold."""
        return [self._found(each) for each in self.ask(queries.DATABASES)]

    def _found(self, told: Mapping[str, Any]) -> Database:
        return Database(**{**told, "main": told["main"] and not self._is_lost})

    def _is_wanted(self, database: Database) -> bool:
        return database.main or database.name != "postgres" or any(self.ask(queries.HAS_TABLES, "postgres"))

    def rows(self, database: str) -> dict[str, int]:
        """The number of rows of each table: counted, not estimated."""
        return dict(self.ask(queries.COUNTS, database))

    def newest(self, database: str) -> str:
        """The latest time at which a row was made or changed, where columns tell that; else empty."""
        return max((str(each) for each in self.ask(queries.NEWEST, database) if each), default="")

    def schema_version(self, database: str, tables: Container[str]) -> str:
        """The version of the schema, as the tool that migrates it keeps it there; empty where none does.

        Args:
            database: The database.
            tables: The names of its tables.
        """
        for table, query in queries.SCHEMA_VERSIONS.items():
            if table in tables:
                with contextlib.suppress(ProgramError):
                    found = self.ask(f"SELECT to_json(v) FROM ({query}) AS t(v);", database)
                    return f"{table} {found[0]}" if found and found[0] else ""
        return ""

    def free(self) -> int:
        """Bytes that are free on the disk of its data."""
        asked = "SELECT current_setting('data_directory')"
        if not self._in_container:
            return shutil.disk_usage(str(self.ask(f"SELECT to_json(f) FROM ({asked}) AS t(f);")[0])).free
        line = ("sh", "-c", 'df -Pk "$(psql -XAtq --no-password "$@")"', "sh", "-c", asked, *self._place)
        said = pipes.output(self.program(*line)).decode("utf-8", "replace")
        return int(said.splitlines()[-1].split()[-3]) * 1024

    def folders(self) -> list[str]:
        """The folders in which it keeps its data: its own, that of its log of changes, and those of tablespaces."""
        data, *others = (str(each) for each in self.ask(queries.FOLDERS))
        line = ("sh", "-c", 'for each; do readlink -f "$each"; done', "sh", data, f"{data}/pg_wal", *others)
        return pipes.output(self.program(*line)).decode("utf-8", "replace").splitlines()

    def roles(self) -> str:
        """SQL that makes the roles of the server anew, with the hashes of their passwords where these may be read."""
        line = ("pg_dumpall", "--no-password", "--roles-only")
        try:
            return pipes.output(self.program(*line)).decode()
        except ProgramError:  # it is no superuser
            return pipes.output(self.program(*line, "--no-role-passwords")).decode()

    @contextlib.contextmanager
    def snapshot(self, database: str) -> Iterator[Snapshot]:
        """A moment of a database that a dump and a count see alike, for the block."""
        with pipes.child(self._psql("-d", database_uri(database))) as running:
            yield Snapshot(Session(running))

    @contextlib.contextmanager
    def dump(self, database: str, snapshot: str = "") -> Iterator[Readable]:
        """The whole database, in the format of `pg_dump -Fc`, to be read in the block."""
        options = [f"--snapshot={snapshot}"] if snapshot else []
        line = self.program("pg_dump", "--no-password", "-Fc", *options, "-d", database_uri(database))
        with pipes.child(line) as running:
            yield running.stdout

    @property
    def listing(self) -> Call:
        """How the program is called that lists what a dump holds."""
        return self.program("pg_restore", "--list")

    def contents(self, dump: Readable) -> list[str]:
        """What `pg_restore --list` tells of a dump: an entry a line; only as much as it wants is read.

        Raises:
            ProgramError: It is no dump, or of a version that this server's programs cannot read.
        """
        with lister(self.listing) as (feed, told):
            for piece in pipes.pieces(dump):
                if not feed(piece):
                    break
        return [line for line in told() if line and not line.startswith(";")]

    def description(self, database: str) -> dict[str, Any]:
        """What belongs to a database, and stands in none of its tables; empty where there is none of that name."""
        return dict(next(iter(self.ask(queries.LIKE.format(quoted(database)))), {}))

    def create(self, name: str, like: Mapping[str, Any], otherwise: Mapping[str, Any] | None = None) -> None:
        """Make an empty database, with the owner, encoding, locale, settings and rights that `description` tells.

        Args:
            name: Its name.
            like: What `description` told of another one; of another machine, perhaps.
            otherwise: What has an encoding and a locale for it, where this server does not know the other's.
        """
        made = queries.create(name, like)
        if otherwise is not None:
            made = f"""\\set ON_ERROR_STOP 0
{made}
\\set failed :ERROR
\\set ON_ERROR_STOP 1
\\if :failed
{queries.create(name, {**otherwise, "owner": like["owner"]})}
\\endif"""
        self.ask("\n".join([made, *queries.likeness(name, like)]))

    def has_tablespaces(self) -> bool:
        """Whether anything lies elsewhere than in the server's own folder."""
        return bool(self.ask(queries.TABLESPACES)[0])

    def restore(self, database: str, dump: Readable, *, tablespaces: bool) -> None:
        """Restore a dump into an empty database.

        Args:
            database: The database.
            dump: What `dump` gave.
            tablespaces: Whether its tables go into their tablespaces; otherwise they lie where all others are.
        """
        place = database_uri(database) + queries.WRITING
        options = [] if tablespaces else ["--no-tablespaces"]
        line = self.program("pg_restore", "--no-password", "--exit-on-error", *options, "-d", place)
        with pipes.child(line) as running:
            for piece in pipes.pieces(dump):
                pipes.write_whole(running.stdin, piece)

    def make_roles(self, sql: str) -> list[str]:
        """Make those roles of `roles()` that the server has not; the others stay as they are. Returns their names."""
        there = set(self.ask("SELECT to_json(quote_ident(rolname)) FROM pg_roles;"))
        lines = sql.splitlines()
        wanted = [line.removeprefix(_ROLE).removesuffix(";") for line in lines if line.startswith(_ROLE)]
        missing = [each for each in wanted if each not in there]
        begins = tuple(start for name in missing for start in (f"{_ROLE}{name};", f"ALTER ROLE {name} "))
        given = tuple(f"GRANT {name} TO " for name in missing)
        member = re.compile(f" TO (?:{'|'.join(map(re.escape, missing))})[ ;]")
        # All are there before any becomes a member of another.
        made = [line for line in lines if missing and line.startswith(begins)]
        grants = [
            queries.grant(line)
            for line in lines
            if missing and line.startswith("GRANT ") and (line.startswith(given) or member.search(line))
        ]
        self.ask("\n".join([*made, *grants]))
        return missing

    def swap(self, renamed: Mapping[str, tuple[str, str]], tries: int = 20) -> None:
        """Let new databases take the place of old ones, all at once or none; their connections are ended.

        Args:
            renamed: For each name, the database that gets it, and the name that the one there now gets; empty where
                none is there.
            tries: How often it is tried, where somebody connects at the very moment.
        """
        ends = "".join(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname IN ({quoted(name)}, {quoted(new)});\n"
            for name, (new, _) in renamed.items()
        )
        moves = "".join(
            (f"ALTER DATABASE {identifier(name)} RENAME TO {identifier(old)};\n" if old else "")
            + f"ALTER DATABASE {identifier(new)} RENAME TO {identifier(name)};\n"
            for name, (new, old) in renamed.items()
        )
        sql = f"{queries.PATIENT}\\o /dev/null\nBEGIN;\n{ends}{moves}COMMIT;\n".encode()
        for left in reversed(range(tries)):
            try:
                pipes.output(self._psql("-d", database_uri(self._aside(renamed))), sql)
            except ProgramError as error:
                if not left or "is being accessed by other users" not in " ".join(error.said):
                    raise
            else:
                return

    def drop(self, database: str) -> None:
        """Remove a database, if it is there; whoever is connected is cut off."""
        aside = self._aside([database])
        ends = f"SELECT to_json(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = {quoted(database)};"
        self.ask(f"{ends}\nDROP DATABASE IF EXISTS {identifier(database)};", aside)

    def _aside(self, busy: Mapping[str, object] | Sequence[str]) -> str:
        """A database to be connected to while others are renamed or dropped."""
        return "postgres" if "postgres" not in busy else "template1"

    def _psql(self, *options: str) -> Call:
        return self.program("psql", "-XAtq", "--no-password", "-v", "ON_ERROR_STOP=1", *options)
