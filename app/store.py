"""The diagrams in the database."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app import diagram, words
from app.database import Database
from app.diagram import Content, Diagram
from app.tables import diagrams

kept = diagrams.c.deleted_at.is_(None)


def new_id() -> UUID:
    """A UUID of version 7 (RFC 9562). Such ids sort by the millisecond in which they were made."""
    milliseconds = time.time_ns() // 1_000_000
    return UUID(int=milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62))


class Store:
    """Diagrams, newest first. Every method raises `DatabaseUnavailableError` if the database does not answer.

    Deleted diagrams are not found, except by `list(deleted=True)` and `restore`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, content: Content, *, prompt: str | None = None, title: str | None = None) -> Diagram:
        """Store a new diagram."""
        row = {"id": new_id(), "prompt": prompt or "", "title": title}
        values = {**row, **columns(content), "words": vector(title, prompt, content.code)}
        # An update that changes nothing: if the connection broke and the insert is repeated, it returns the row too.
        query = insert(diagrams).values(values)
        query = query.on_conflict_do_update(index_elements=["id"], set_={"id": query.excluded.id})
        stored = await self._one(query.returning(diagrams))
        assert stored is not None  # noqa: S101 - an insert gives its row
        return stored

    async def get(self, id: UUID) -> Diagram | None:  # noqa: A002 - as the column
        """One diagram."""
        return await self._one(sa.select(diagrams).where(diagrams.c.id == id, kept))

    async def list(
        self, limit: int, before: UUID | None = None, *, search: str = "", deleted: bool = False
    ) -> list[Diagram]:
        """At most `limit` diagrams, newest first, that are older than `before` and have all words of `search`."""
        query = sa.select(diagrams).order_by(diagrams.c.id.desc()).limit(limit)
        query = query.where(diagrams.c.deleted_at.is_not(None) if deleted else kept)
        if before is not None:
            query = query.where(diagrams.c.id < before)
        if search.strip():
            sought = words.query(search)
            if sought is None:
                return []
            query = query.where(diagrams.c.words.bool_op("@@")(sa.cast(sought, TSQUERY)))

        async def fetch(connection: AsyncConnection) -> Sequence[Any]:
            return (await connection.execute(query)).all()

        return [diagram.of_row(row._mapping) for row in await self._database.run(fetch)]

    async def rename(self, id: UUID, title: str) -> Diagram | None:  # noqa: A002 - as the column
        """Give a diagram another title."""

        async def rename(connection: AsyncConnection) -> Any:
            chosen = sa.select(diagrams.c.prompt, diagrams.c.code).where(diagrams.c.id == id, kept).with_for_update()
            found = (await connection.execute(chosen)).one_or_none()
            if found is None:
                return None
            values = {"title": title, "words": vector(title, found.prompt, found.code), "updated_at": sa.func.now()}
            query = sa.update(diagrams).where(diagrams.c.id == id).values(values).returning(diagrams)
            return (await connection.execute(query)).one()

        row = await self._database.run(rename)
        return None if row is None else diagram.of_row(row._mapping)

    async def delete(self, id: UUID) -> bool:  # noqa: A002 - as the column
        """Mark a diagram as deleted; whether there was one."""
        when: Any = None  # at which the first try deleted it; that may have been kept, though its connection broke

        async def delete(connection: AsyncConnection) -> bool:
            nonlocal when
            there = sa.or_(kept, diagrams.c.deleted_at == when)
            query = sa.update(diagrams).where(diagrams.c.id == id, there).values(deleted_at=sa.func.now())
            deleted = await connection.scalar(query.returning(diagrams.c.deleted_at))
            when = deleted or when
            return deleted is not None

        return await self._database.run(delete)

    async def restore(self, id: UUID) -> Diagram | None:  # noqa: A002 - as the column
        """Restore a deleted diagram. A diagram that is not deleted stays as it is."""
        query = sa.update(diagrams).where(diagrams.c.id == id).values(deleted_at=None)
        return await self._one(query.returning(diagrams))

    async def _one(self, query: sa.Executable) -> Diagram | None:
        async def execute(connection: AsyncConnection) -> Any:
            return (await connection.execute(query)).one_or_none()

        row = await self._database.run(execute)
        return None if row is None else diagram.of_row(row._mapping)


def columns(content: Content) -> dict[str, Any]:
    """The values of the columns for the content of a revision."""
    return {
        "code": content.code,
        "diagram_type": content.diagram_type,
        "model": content.model or "",
        "validated": bool(content.validated),
        "judged": content.validated is not None,
        "judge_at": sa.func.now() if content.later else None,
        "attempts": content.attempts,
        "warnings": content.warnings,
        "change": content.change,
        "source": content.source,
        "restored": content.restored,
    }


def vector(*texts: str | None) -> sa.ColumnElement[Any]:
    """The words of these texts, as a `tsvector`."""
    return sa.func.array_to_tsvector(sa.cast(words.words(*texts), ARRAY(sa.Text)))
