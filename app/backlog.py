"""Open work in the database: diagrams to validate, to add to the search, and to remove for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database import Database
from app.judgement import NOT_JUDGED, Judgement
from app.store import kept, vector
from app.tables import diagrams, revised_at, revisions

KEPT_FOR = timedelta(days=30)  # how long a deleted diagram can be restored
SOONEST = timedelta(minutes=1)  # before a diagram is tried again that could not be validated
BATCH = 50  # rows that are written in one transaction

# How earlier releases began the warning that the validator could not look at a diagram.
UNSEEN = ("It was not validated: the MCP server", "It could not be validated")


@dataclass(frozen=True)
class Due:
    """A revision that must be validated: the row of `table` whose column `key` is `id`."""

    table: sa.Table
    key: str
    id: UUID
    revision: int
    code: str
    warnings: list[str]


class Backlog:
    """The open work. Every method raises `DatabaseUnavailableError` if the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def to_judge(self) -> Due | None:
        """The revision that has waited longest. The newest revisions of all diagrams come before the earlier ones."""

        async def fetch(connection: AsyncConnection) -> Due | None:
            for table, key in ((diagrams, "id"), (revisions, "diagram_id")):
                due = sa.select(table).where(table.c.judge_at <= sa.func.now())
                if table is diagrams:
                    due = due.where(kept)
                row = (await connection.execute(due.order_by(table.c.judge_at).limit(1))).one_or_none()
                if row is not None:
                    return Due(table, key, row._mapping[key], row.revision, row.code, row.warnings)
            return None

        return await self._database.run(fetch)

    async def judged(self, due: Due, judgement: Judgement) -> None:
        """Store a verdict, and remove the warning that there was none; without a verdict, try again later."""
        warnings = [each for each in due.warnings if not each.startswith(NOT_JUDGED)]
        values = {
            "validated": bool(judgement.validated),
            "judged": judgement.validated is not None,
            "judge_at": _later(due) if judgement.later else None,
            "diagram_type": judgement.diagram_type,
            "warnings": [*judgement.warnings, *warnings],
        }
        await self._change(due, values)

    async def postpone(self, due: Due) -> None:
        """Try again later."""
        await self._change(due, {"judge_at": _later(due)})

    async def adopt(self) -> int:
        """Add some diagrams of earlier releases to the search, and have them validated if they were not; how many."""
        query = sa.select(diagrams).where(diagrams.c.words.is_(None)).order_by(diagrams.c.id.desc()).limit(BATCH)

        async def adopt(connection: AsyncConnection) -> int:
            rows = (await connection.execute(query.with_for_update(skip_locked=True))).all()
            for row in rows:
                change = sa.update(diagrams).where(diagrams.c.id == row.id)
                await connection.execute(change.values(_adopted(row)))
            return len(rows)

        return await self._database.run(adopt)

    async def purge(self) -> int:
        """Remove some of the diagrams that were deleted more than KEPT_FOR ago; how many."""
        over = diagrams.c.deleted_at < sa.func.now() - KEPT_FOR
        old = sa.select(diagrams.c.id).where(over).limit(BATCH)

        async def purge(connection: AsyncConnection) -> Sequence[Any]:
            # The condition is checked again for each row: the diagram may have been restored in between.
            query = sa.delete(diagrams).where(diagrams.c.id.in_(old), over).returning(diagrams.c.id)
            return (await connection.execute(query)).all()

        return len(await self._database.run(purge))

    async def _change(self, due: Due, values: dict[str, Any]) -> None:
        """Change the row, but only if it still holds the same revision."""
        same = sa.and_(due.table.c[due.key] == due.id, due.table.c.revision == due.revision)

        async def change(connection: AsyncConnection) -> None:
            await connection.execute(sa.update(due.table).where(same).values(values))

        await self._database.run(change)


def _later(due: Due) -> sa.ColumnElement[Any]:
    """When the revision is twice as old. So one that can never be validated costs less and less."""
    since = revised_at if due.table is diagrams else revisions.c.created_at
    return sa.func.now() + sa.func.greatest(sa.func.now() - since, SOONEST)


def _adopted(row: Any) -> dict[str, Any]:
    """The values of the new columns for a diagram that an earlier release stored."""
    values: dict[str, Any] = {"words": vector(row.title, row.prompt, row.code)}
    if not row.validated and any(each.startswith(NOT_JUDGED) for each in row.warnings):
        values["judged"] = False
        if any(each.startswith(UNSEEN) for each in row.warnings):
            values["judge_at"] = sa.func.now()
    return values
