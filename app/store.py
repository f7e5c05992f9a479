"""The diagrams in the database."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app import examples
from app.database import Database
from app.diagram_types import DiagramType

metadata = sa.MetaData()

diagrams = sa.Table(
    "diagrams",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("prompt", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("diagram_type", sa.Text),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("validated", sa.Boolean, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("warnings", JSONB, nullable=False),
)


class Diagram(BaseModel):
    """A stored diagram."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.STORED]})

    id: UUID
    created_at: datetime
    prompt: str
    code: str
    diagram_type: DiagramType | None
    model: str
    validated: bool
    attempts: int = Field(description="How many answers of the model it took.")
    warnings: list[str]


def new_id() -> UUID:
    """A UUID of version 7 (RFC 9562): ids sort by the time they were made, to the millisecond."""
    milliseconds = time.time_ns() // 1_000_000
    return UUID(int=milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62))


class Store:
    """Diagrams, newest first. Every method raises `DatabaseUnavailableError` when the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, values: dict[str, Any]) -> UUID:
        """Store a diagram: every column but `id` and `created_at`."""
        new = new_id()

        async def add(connection: AsyncConnection) -> None:
            await connection.execute(insert(diagrams).values(id=new, **values).on_conflict_do_nothing())

        await self._database.run(add)
        return new

    async def get(self, id: UUID) -> Diagram | None:  # noqa: A002 - as the column
        """One diagram."""

        async def get(connection: AsyncConnection) -> Any:
            return (await connection.execute(sa.select(diagrams).where(diagrams.c.id == id))).one_or_none()

        row = await self._database.run(get)
        return None if row is None else Diagram.model_validate(row._mapping)

    async def list(self, limit: int, before: UUID | None) -> list[Diagram]:
        """At most `limit` diagrams, newest first; those made before `before`."""
        query = sa.select(diagrams).order_by(diagrams.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(diagrams.c.id < before)

        async def fetch(connection: AsyncConnection) -> Sequence[Any]:
            return (await connection.execute(query)).all()

        return [Diagram.model_validate(row._mapping) for row in await self._database.run(fetch)]

    async def delete(self, id: UUID) -> bool:  # noqa: A002 - as the column
        """Delete a diagram; whether there was one."""

        async def delete(connection: AsyncConnection) -> bool:
            return (await connection.execute(sa.delete(diagrams).where(diagrams.c.id == id))).rowcount > 0

        return await self._database.run(delete)
