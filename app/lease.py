"""Work that one process does at a time: whoever holds the lease, which ends by itself with him.

Not an advisory lock: that would keep a connection for itself, and is no lock behind a pooler.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database import Database
from app.tables import leases


class Lease:
    """The lease of one kind of work.

    Args:
        name: Of the work; all who may do it name it so.
        seconds: How long it is held; to be taken again before.
    """

    def __init__(self, database: Database, name: str, seconds: float) -> None:
        self._database = database
        self._name = name
        self._time = timedelta(seconds=seconds)
        self._holder = uuid4()

    async def take(self) -> bool:
        """Take it, or take it again; whether nobody else has it.

        Raises:
            DatabaseUnavailableError: Nobody can tell.
        """
        row = insert(leases).values(name=self._name, holder=self._holder, until=sa.func.now() + self._time)
        free = (leases.c.until < sa.func.now()) | (leases.c.holder == self._holder)
        query = row.on_conflict_do_update(
            index_elements=["name"], set_={"holder": row.excluded.holder, "until": row.excluded.until}, where=free
        ).returning(leases.c.name)

        async def take(connection: AsyncConnection) -> bool:
            return (await connection.execute(query)).first() is not None

        return await self._database.run(take)

    async def release(self) -> None:
        """Let others have it.

        Raises:
            DatabaseUnavailableError: It ends by itself then.
        """
        query = sa.delete(leases).where(leases.c.name == self._name, leases.c.holder == self._holder)

        async def release(connection: AsyncConnection) -> None:
            await connection.execute(query)

        await self._database.run(release)
