"""What the service does by itself, in one process at a time: judge what was not judged, and keep the table in order."""

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

CALLER = "(upkeep)"  # to the MCP server, which gives each caller his share of the parsers; no key is called so
EVERY = 10.0  # seconds between two rounds of a process
LEASE = 30.0  # seconds; longer than a diagram takes to be judged
PAUSE = 0.2  # seconds, at least, between two pieces of work: those who wait for an answer come first


class Upkeep:
    """Works from `begin` to `close`, in rounds. Whoever holds the lease does the work, the others look on."""

    def __init__(self, database: Database, validator: Validator) -> None:
        self._backlog = Backlog(database)
        self._lease = Lease(database, "upkeep", LEASE)
        self._validator = validator
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name="upkeep")

    def close(self) -> None:
        """End, in the middle of whatever it is: it is done later."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        caller.CURRENT.set(CALLER)
        while True:
            await asyncio.sleep(EVERY * random.uniform(0.5, 1))  # noqa: S311 - workers that start together, not at once
            try:
                await self._round()
            except DatabaseUnavailableError as error:
                logger.debug("upkeep goes on when the database answers: %s", error)  # requests and /health tell it
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
        """Judge one diagram; whether to go on with the next."""
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
        # At most half the time of one parser is taken from those who wait for an answer.
        await asyncio.sleep(max(PAUSE, asyncio.get_running_loop().time() - start))
        return True

    async def _blame(self, due: Due) -> None:
        """Let a diagram wait that the validator, which answers otherwise, gives no answer about."""
        try:
            await self._validator.ping()
        except ValidatorUnavailableError:
            await self._lease.release()  # another process may reach it
        else:
            await self._backlog.postpone(due)


class Lease:
    """Work that one process does at a time: the one that holds the lease. It ends by itself when its holder is gone.

    Not an advisory lock: that would keep a connection for itself, and does not work behind a pooler.

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
