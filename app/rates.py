"""Limits the requests of each caller per minute, over all workers."""

from __future__ import annotations

import asyncio
import logging
import math
import time

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from app.database import Database
from app.errors import DatabaseUnavailableError
from app.problems import ProblemError
from app.request_counts import RequestCounts
from app.settings import Settings

logger = logging.getLogger(__name__)

BLOCKS = 60  # a worker reserves a sixtieth of the limit in the database at a time
PATIENCE = 1.0  # seconds that a request waits for the database's count
ALONE = 5.0  # seconds that a worker counts in memory after the database did not answer
FORGET_AT = 10_000  # refused callers in memory; at more, those whose minute is over are removed


class Rates:
    """Counts the requests of each caller. A minute begins with the first request of a caller, and ends 60 s later.

    The count is in the database, so that all workers share it. If the database does not answer, or none is configured,
    each worker counts in its memory, and requests are still served.
    """

    def __init__(self, settings: Settings, database: Database | None) -> None:
        self._limit = settings.api_requests_per_minute
        if self._limit is None:
            return
        self._item = RateLimitItemPerMinute(self._limit)
        self._alone = FixedWindowRateLimiter(MemoryStorage())
        self._shared = None
        if database is not None:
            self._shared = FixedWindowRateLimiter(RequestCounts(database, max(1, self._limit // BLOCKS)))
        self._away_until = -math.inf
        self._refused: dict[str, float] = {}  # the end of their minute, by time.time(); they are not counted again

    async def refusal(self, identity: str) -> ProblemError | None:
        """Count a request of this caller; the problem if there were too many, else None."""
        if self._limit is None:
            return None
        left = self._refused.get(identity, 0) - time.time()
        if left <= 0:
            left = await self._count(identity)
        return _too_many(self._limit, left) if left > 0 else None

    async def _count(self, identity: str) -> float:
        """Count a request; 0 if it is allowed, else the seconds until the next one is."""
        if self._shared is not None and time.monotonic() >= self._away_until:
            try:
                async with asyncio.timeout(PATIENCE):
                    return await self._hit(self._shared, identity)
            except (DatabaseUnavailableError, TimeoutError) as error:
                self._away_until = time.monotonic() + ALONE
                logger.warning("requests are counted by each worker for a while: %s", error or "the database is slow")
        return await self._hit(self._alone, identity)

    async def _hit(self, limiter: FixedWindowRateLimiter, identity: str) -> float:
        if await limiter.hit(self._item, identity):
            return 0
        until = (await limiter.get_window_stats(self._item, identity)).reset_time
        now = time.time()
        if len(self._refused) >= FORGET_AT:
            self._refused = {each: end for each, end in self._refused.items() if end > now}
        self._refused[identity] = until
        return until - now


def _too_many(limit: int, left: float) -> ProblemError:
    wait = max(1, math.ceil(left))
    return ProblemError(
        429,
        "rate-limited",
        "Too many requests",
        f"{limit} requests a minute are allowed. Try again in {wait} s.",
        headers={"Retry-After": str(wait)},
    )
