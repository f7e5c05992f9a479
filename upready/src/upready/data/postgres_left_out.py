"""The databases of a PostgreSQL that no backup has, though rows of the user's may be in them."""

from __future__ import annotations

from collections.abc import Iterator

from upready.data import postgres_queries as queries
from upready.data.manifest import LeftOut
from upready.data.postgres import Server
from upready.data.postgres_queries import identifier
from upready.support import shell_words


def find(server: Server, service: str) -> Iterator[LeftOut]:
    """Those of a server that runs, each with the command that lets the next backup have it.

    Raises:
        ProgramError: The server refuses something.
    """
    for name, is_open in server.ask(queries.LEFT_OUT):
        if not is_open:
            yield _closed(service, name)
        elif any(server.ask(queries.HAS_TABLES, name)):
            step = _altered(service, name, "IS_TEMPLATE false")
            yield LeftOut("database", name, "a template that has tables", next=step)


def closed(server: Server, service: str) -> Iterator[LeftOut]:
    """Those of them that `pg_dumpall` leaves out, too.

    Raises:
        ProgramError: The server refuses something.
    """
    return (_closed(service, name) for name, is_open in server.ask(queries.LEFT_OUT) if not is_open)


def _closed(service: str, name: str) -> LeftOut:
    """One that `pg_dump` cannot read: a superuser is refused, too."""
    step = _altered(service, name, "ALLOW_CONNECTIONS true")
    return LeftOut("database", name, "to which nobody may connect", next=step)


def _altered(service: str, name: str, option: str) -> str:
    """The command that gives a database an option; it may be the service's own one, so another one is connected to."""
    other = "template1" if name == "postgres" else "postgres"
    alter = f"ALTER DATABASE {identifier(name)} {option}"
    return f"invoke psql {service} -- {shell_words.line(['-d', other, '-c', alter])}"
