"""The revisions of diagrams in the database. The newest is in the diagram's own row, the earlier ones in a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app import diagram
from app.database import Database
from app.diagram import Content, Diagram, Revision
from app.errors import RevisionConflictError
from app.store import columns, kept, vector
from app.tables import diagrams, revised_at, revisions

COLUMNS = (
    *("revision", "change", "source", "restored"),
    *("code", "diagram_type", "model", "validated", "judged", "attempts", "warnings"),
)


class History:
    """Revisions, newest first. Every method raises `DatabaseUnavailableError` when the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, id: UUID, content: Content, *, base: int | None) -> Diagram | None:  # noqa: A002 - column
        """Add a newest revision; None if there is no such diagram.

        Raises:
            RevisionConflictError: The newest revision is not `base`.
        """
        edit = uuid4()

        async def add(connection: AsyncConnection) -> Any:
            newest = sa.select(diagrams).where(diagrams.c.id == id, kept).with_for_update()
            row = (await connection.execute(newest)).one_or_none()
            if row is None or row.edit == edit:  # the first try was successful, but its connection broke
                return row
            if base not in {None, row.revision}:
                raise RevisionConflictError(row.revision)
            earlier = {"diagram_id": id, "created_at": row.revised_at or row.created_at}
            earlier |= {name: row._mapping[name] for name in (*COLUMNS, "judge_at")}
            await connection.execute(sa.insert(revisions).values(earlier))
            values = {**columns(content), "revision": row.revision + 1, "edit": edit}
            values |= {"words": vector(row.title, row.prompt, content.code)}
            # Of this statement: the transaction may be older than a revision for whose end it has waited.
            values |= {"revised_at": sa.func.statement_timestamp(), "updated_at": sa.func.statement_timestamp()}
            query = sa.update(diagrams).where(diagrams.c.id == id).values(values).returning(diagrams)
            return (await connection.execute(query)).one()

        row = await self._database.run(add)
        return None if row is None else diagram.of_row(row._mapping)

    async def list(self, id: UUID, limit: int, before: int | None) -> list[Revision]:  # noqa: A002 - as the column
        """At most `limit` revisions with numbers below `before`; none if there is no such diagram."""
        query = self._all(id)
        if before is not None:
            query = query.where(query.selected_columns.revision < before)
        rows = await self._rows(query.order_by(sa.desc("revision")).limit(limit))
        return [Revision.model_validate({**row, "validated": _validated(row)}) for row in rows]

    async def get(self, id: UUID, revision: int) -> Content | None:  # noqa: A002 - as the column
        """The content of an earlier revision, for a new one that restores it; None if there is none."""
        query = self._all(id)
        rows = await self._rows(query.where(query.selected_columns.revision == revision))
        for row in rows:
            validated = _validated(row)
            return Content(
                code=row["code"],
                diagram_type=row["diagram_type"],
                validated=validated,
                later=False,
                warnings=row["warnings"],
                model=row["model"] or None,
                source=row["source"],
                attempts=row["attempts"],
                restored=revision,
            )
        return None

    @staticmethod
    def _all(id: UUID) -> sa.Select[Any]:  # noqa: A002 - as the column
        newest = sa.select(revised_at.label("created_at"), *(diagrams.c[name] for name in COLUMNS))
        earlier = sa.select(revisions.c.created_at, *(revisions.c[name] for name in COLUMNS))
        exists = sa.exists().where(diagrams.c.id == id, kept)
        both = sa.union_all(
            newest.where(diagrams.c.id == id, kept), earlier.where(revisions.c.diagram_id == id, exists)
        ).subquery()
        return sa.select(both)

    async def _rows(self, query: sa.Select[Any]) -> Sequence[Any]:
        async def fetch(connection: AsyncConnection) -> Sequence[Any]:
            return [row._mapping for row in await connection.execute(query)]

        return await self._database.run(fetch)


def _validated(row: Mapping[str, Any]) -> bool | None:
    validated: bool = row["validated"]
    return validated if row["judged"] else None
