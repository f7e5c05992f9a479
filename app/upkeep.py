"""Work in the background, in one process at a time: validate diagrams, add them to the search, remove deleted ones."""

from __future__ import annotations

import asyncio
import logging
import random
from datetime import timedelta
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app import caller, judgement
from app.backlog import Backlog, Due
from app.database import Database
from app.errors import DatabaseUnavailableError, ValidatorRefusedError, ValidatorUnavailableError
from app.tables import leases
from app.validator import Validator

logger = logging.getLogger(__name__)

CALLER = "(upkeep)"  # the name for the MCP server, which shares its parsers among callers; no key can have it
EVERY = 10.0  # seconds between two rounds of a process
LEASE = 30.0  # seconds; longer than the validation of a diagram
PAUSE = 0.2  # seconds, at least, between two pieces of work, so that requests come first


class Upkeep:
    """Works in rounds from `begin` to `close`. Only the process that holds the lease works."""

    def __init__(self, database: Database, validator: Validator) -> None:
        self._backlog = Backlog(database)
        self._lease = Lease(database, "upkeep", LEASE)
        self._validator = validator
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Start the work."""
        self._task = asyncio.create_task(self._run(), name="upkeep")

    def close(self) -> None:
        """Stop at once. What was being done is done again later."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        caller.CURRENT.set(CALLER)
        while True:
            await asyncio.sleep(EVERY * random.uniform(0.5, 1))  # noqa: S311 - workers that start together must not work at once
            try:
                await self._round()
            except DatabaseUnavailableError as error:
                logger.debug("upkeep goes on when the database answers: %s", error)  # requests and /health report it
            except Exception:
                logger.exception("upkeep failed, and is tried again")

    async def _round(self) -> None:
        done = {"adopted": 0, "removed": 0, "judged": 0}
        try:
            while await self._lease.take() and (count := await self._backlog.adopt()):
                done["adopted"] += count
                await asyncio.sleep(PAUSE)
            while await self._lease.take() and (count := await self._backlog.purge()):
                done["removed"] += count
                await asyncio.sleep(PAUSE)
            while await self._lease.take() and await self._judge():
                done["judged"] += 1
        finally:
            if any(done.values()):
                logger.info("upkeep of diagrams: %s", ", ".join(f"{count} {what}" for what, count in done.items()))

    async def _judge(self) -> bool:
        """Validate one diagram. Returns whether to go on with the next."""
        due = await self._backlog.to_judge()
        if due is None:
            return False
        start = asyncio.get_running_loop().time()
        try:
            verdict = await self._validator.validate(due.code)
        except ValidatorRefusedError:
            await self._backlog.postpone(due)
            return False
        except ValidatorUnavailableError:
            await self._blame(due)
            return False
        await self._backlog.judged(due, judgement.of(verdict))
        # So the upkeep uses at most half the time of one parser.
        await asyncio.sleep(max(PAUSE, asyncio.get_running_loop().time() - start))
        return True

    async def _blame(self, due: Due) -> None:
        """If the validator answers to a ping, but not about this diagram: try the diagram again later."""
        try:
            await self._validator.ping()
        except ValidatorUnavailableError:
            await self._lease.release()  # another process may reach the validator
        else:
            await self._backlog.postpone(due)


class Lease:
    """Work that one process does at a time: the one that holds the lease. It ends by itself when its holder is gone.

    Not an advisory lock: that would keep a connection for itself, and does not work behind a pooler.

    Args:
        name: The name of the work, the same in all processes.
        seconds: How long the lease lasts; the holder must take it again before that.
    """

    def __init__(self, database: Database, name: str, seconds: float) -> None:
        self._database = database
        self._name = name
        self._time = timedelta(seconds=seconds)
        self._holder = uuid4()

    async def take(self) -> bool:
        """Take the lease, or take it again. Returns whether this process has it now.

        Raises:
            DatabaseUnavailableError: The database does not answer.
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
        """Give the lease back.

        Raises:
            DatabaseUnavailableError: The database does not answer. The lease then ends by itself.
        """
        query = sa.delete(leases).where(leases.c.name == self._name, leases.c.holder == self._holder)

        async def release(connection: AsyncConnection) -> None:
            await connection.execute(query)

        await self._database.run(release)
