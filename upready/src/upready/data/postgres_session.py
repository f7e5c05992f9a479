"""A psql that answers one question after the other, so that a program is started once for all of them."""

from __future__ import annotations

import json
from typing import Any

from upready.data import postgres_queries as queries
from upready.support import pipes
from upready.support.errors import DataError
from upready.support.pipes import Child

_END = "end"
"""What psql says behind its answers: no line of JSON."""


class Session:
    """A psql that runs, for as long as its block lasts."""

    def __init__(self, running: Child) -> None:
        self._running = running
        self.tell(queries.PATIENT)

    def tell(self, sql: str) -> None:
        """Have it do something that has no answer."""
        pipes.write_whole(self._running.stdin, sql.encode())

    def ask(self, sql: str) -> list[Any]:
        """What a query answers, whose only column is JSON; several statements are one after the other.

        Raises:
            ProgramError: PostgreSQL refuses it; then the session is over.
            DataError: It has ended without a word.
        """
        self.tell(f"{sql}\n\\echo {_END}\n")
        found = []
        while (line := self._line()) != _END:
            if line:
                found.append(json.loads(line))
        return found

    def _line(self) -> str:
        if not (line := self._running.stdout.readline()).endswith(b"\n"):
            self._running.wait()
            raise DataError("psql ended before it answered", next="invoke logs")
        return line.decode().rstrip("\n")


class Snapshot:
    """A moment of a database, for as long as its session lasts.

    Attributes:
        name: Its name, for `Server.dump`.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        session.tell("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n")
        self.name: str = session.ask("SELECT to_json(pg_export_snapshot());")[0]

    def rows(self) -> dict[str, int]:
        """The number of rows of each table at that moment."""
        return dict(self._session.ask(queries.COUNTS))
