"""Limits for the language model: which models a request may name, and how many calls a day all callers may make."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database import Database
from app.errors import DatabaseUnavailableError, WriterError
from app.problems import ProblemError
from app.settings import ANY_MODEL, Settings
from app.tables import model_calls

logger = logging.getLogger(__name__)

RETRY_AFTER = 5  # seconds, if the database does not answer

# By the clock of the database, so that all workers have the same day.
NOW = sa.func.timezone("UTC", sa.func.now())
TODAY = sa.cast(NOW, sa.Date)
LEFT = sa.extract("epoch", sa.func.date_trunc("day", NOW) + timedelta(days=1) - NOW)


@dataclass(frozen=True)
class Spending:
    """Calls of the model on this day (UTC).

    Attributes:
        calls: How many were made.
        limit: How many there may be; None for any number.
    """

    calls: int
    limit: int | None


class Budget:
    """Counts each call of the model before it is made, so that all workers together never make too many.

    The count is the database's. Where none is configured, each worker counts for itself and has its share of the limit
    until it ends.
    """

    def __init__(self, settings: Settings, database: Database | None) -> None:
        self._limit = settings.llm_daily_requests
        self._count: _Counted | _Remembered
        if database is not None:
            self._count = _Counted(database, self._limit)
        else:
            share = self._limit and max(1, self._limit // settings.web_concurrency)
            self._count = _Remembered(share)

    async def reserve(self) -> None:
        """Count a call that is about to be made. It counts even if it fails.

        Raises:
            WriterError: The calls of the day are used up (`budget-spent`). Or they cannot be counted (`uncounted`);
                then no call may be made.
        """
        try:
            left = await self._count.add()
        except DatabaseUnavailableError as error:
            if self._limit is None:
                logger.warning("a call of the model was not counted: %s", error)
                return
            # The reason is only in the log and in /health, since the driver's message names hosts and users.
            logger.warning("the model was not called, because the call could not be counted: %s", error)
            reason = "The database, which counts the calls of the model, does not answer"
            raise WriterError("uncounted", reason, RETRY_AFTER) from None
        if left is not None:
            seconds = max(1, math.ceil(left))
            logger.warning("the calls of the model are used up for today: LLM_DAILY_REQUESTS is %s", self._limit)
            reason = f"The {self._limit} calls of the model that this service makes a day are used up"
            raise WriterError("budget-spent", f"{reason}; there are new ones {_in(seconds)}, at 00:00 UTC", seconds)

    async def today(self) -> Spending:
        """The calls of this day (UTC).

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        return Spending(await self._count.calls(), self._limit)


class _Counted:
    """Counts in the database."""

    def __init__(self, database: Database, limit: int | None) -> None:
        self._database = database
        self._limit = limit

    async def add(self) -> float | None:
        """Count one more: None, or the seconds until the next day if there are no calls left.

        If the connection breaks and the transaction is repeated, the call may count twice, but never not at all.
        """
        row = insert(model_calls).values(day=TODAY, calls=1)
        more = model_calls.c.calls + row.excluded.calls
        within = None if self._limit is None else more <= self._limit
        query = row.on_conflict_do_update(index_elements=["day"], set_={"calls": more}, where=within)

        async def add(connection: AsyncConnection) -> float | None:
            if self._limit != 0 and (await connection.execute(query.returning(model_calls.c.calls))).first():
                return None
            left: Any = await connection.scalar(sa.select(LEFT))
            return float(left)

        return await self._database.run(add)

    async def calls(self) -> int:
        """How many there were on this day."""
        query = sa.select(model_calls.c.calls).where(model_calls.c.day == TODAY)

        async def fetch(connection: AsyncConnection) -> int:
            return await connection.scalar(query) or 0

        return await self._database.run(fetch)


class _Remembered:
    """Counts in the memory of this process."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._day = date.min
        self._calls = 0

    async def add(self) -> float | None:
        """Count one more: None, or the seconds until the next day if there are no calls left."""
        if self._limit is not None and await self.calls() >= self._limit:
            now = datetime.now(UTC)
            midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
            return (midnight - now).total_seconds()
        self._calls += 1
        return None

    async def calls(self) -> int:
        """How many there were on this day."""
        today = datetime.now(UTC).date()
        if self._day != today:
            self._day, self._calls = today, 0
        return self._calls


def _in(seconds: int) -> str:
    """A duration in words: in hours and minutes, or in seconds if it is shorter than a minute."""
    hours, minutes = divmod(seconds // 60, 60)
    if hours:
        return f"in {hours} h {minutes} min"
    return f"in {minutes} min" if minutes else f"in {seconds} s"


def choose_model(settings: Settings, named: str | None) -> str:
    """The model to call: the one that the request names, else the configured one.

    Raises:
        ProblemError: It is not allowed.
    """
    default = settings.openrouter_model
    if named is None or named == default or not {named, ANY_MODEL}.isdisjoint(settings.llm_models):
        return named or default
    allowed = ", ".join(dict.fromkeys([default, *settings.llm_models]))
    raise ProblemError(
        422,
        "model-not-allowed",
        "The model is not allowed",
        f"{named} is not one of the allowed models: {allowed}. Name one of them, or leave `model` out.",
    )
