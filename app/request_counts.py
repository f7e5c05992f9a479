"""A storage for the library `limits` in PostgreSQL, which the library does not have."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass, field

import sqlalchemy as sa
from limits.aio.storage import Storage
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database import Database
from app.errors import DatabaseUnavailableError
from app.tables import request_counts

SWEEP_EVERY = 60.0  # seconds


@dataclass
class _Block:
    """Numbers of a key that this process has reserved, and the end of the key's window."""

    given: int = 0  # the last number that was given
    last: int = 0
    until: float = -math.inf  # by time.monotonic()
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class RequestCounts(Storage):
    """Numbers the requests of each key from 1, over all processes, until the key's window is over.

    A process reserves a block of numbers in the database, and gives them without asking again. So most requests cost
    nothing, and no number is given twice. Numbers that a process has reserved and not given are lost.

    Args:
        database: The database with the counts.
        block: How many numbers are reserved at once.

    Every method may raise `DatabaseUnavailableError`.
    """

    STORAGE_SCHEME = None

    def __init__(self, database: Database, block: int) -> None:
        super().__init__()
        self._database = database
        self._size = block
        self._blocks: dict[str, _Block] = {}
        self._swept = time.monotonic()

    @property
    def base_exceptions(self) -> type[Exception]:
        """The error of a storage that fails."""
        return DatabaseUnavailableError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """The next number of a key. A window has `expiry` seconds, and begins with 1."""
        block = self._blocks.setdefault(key, _Block())
        async with block.lock:
            if block.given + amount > block.last or time.monotonic() >= block.until:
                await self._take(key, block, expiry, max(amount, self._size))
            block.given += amount
            return block.given

    async def get(self, key: str) -> int:
        """The last number that this process gave."""
        block = self._blocks.get(key)
        return block.given if block and time.monotonic() < block.until else 0

    async def get_expiry(self, key: str) -> float:
        """When the key's window ends, by `time.time()`."""
        block = self._blocks.get(key)
        return time.time() + max(0.0, block.until - time.monotonic() if block else 0.0)

    async def check(self) -> bool:
        """Whether the database answers."""
        try:
            await self._database.ping()
        except DatabaseUnavailableError:
            return False
        return True

    async def reset(self) -> int | None:
        """Forget all keys."""
        return await self._delete(sa.true())

    async def clear(self, key: str) -> None:
        """Forget a key."""
        await self._delete(request_counts.c.key == key)

    async def _take(self, key: str, block: _Block, expiry: int, size: int) -> None:
        sweeping = time.monotonic() - self._swept >= SWEEP_EVERY
        if sweeping:
            self._swept = now = time.monotonic()
            self._blocks = {name: each for name, each in self._blocks.items() if each.until > now or each is block}
        over = request_counts.c.until <= sa.func.now()
        row = insert(request_counts).values(
            key=key, requests=size, until=sa.func.now() + sa.func.make_interval(0, 0, 0, 0, 0, 0, expiry)
        )
        new = row.excluded
        query = row.on_conflict_do_update(
            index_elements=["key"],
            set_={
                "requests": sa.case((over, new.requests), else_=request_counts.c.requests + new.requests),
                "until": sa.case((over, new.until), else_=request_counts.c.until),
            },
        ).returning(request_counts.c.requests, sa.extract("epoch", request_counts.c.until - sa.func.now()))
        # Rows that another process has locked are skipped, so that two processes never wait for each other.
        expired = sa.select(request_counts.c.key).where(over).with_for_update(skip_locked=True)
        sweep = sa.delete(request_counts).where(request_counts.c.key.in_(expired))

        async def take(connection: AsyncConnection) -> tuple[int, float]:
            if sweeping:
                await connection.execute(sweep)
            last, left = (await connection.execute(query)).one()
            return int(last), float(left)

        asked = time.monotonic()
        last, left = await self._database.run(take)
        block.given, block.last, block.until = last - size, last, asked + left

    async def _delete(self, which: sa.ColumnElement[bool]) -> int:
        async def delete(connection: AsyncConnection) -> int:
            return (await connection.execute(sa.delete(request_counts).where(which))).rowcount

        self._blocks.clear()
        return await self._database.run(delete)
