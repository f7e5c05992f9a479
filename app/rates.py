"""How often a caller may ask: so many requests a minute, over all workers."""

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

BLOCKS = 60  # a worker takes a sixtieth of the limit from the database at a time
PATIENCE = 1.0  # seconds that a request waits for the database's count
ALONE = 5.0  # seconds that a worker counts for itself, after the database did not answer
FORGET_AT = 10_000  # refused callers that are remembered, before those whose minute is over are forgotten


class Rates:
    """Counts the requests of each caller. A minute begins with a caller's first request, and ends 60 s later.

    The count is the database's, so that it is one for all workers. While that does not answer, or where none is
    configured, each worker counts for itself: requests are served all the same.
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
        self._refused: dict[str, float] = {}  # until when, by time.time(): they cost nothing more

    async def refusal(self, identity: str) -> ProblemError | None:
        """Count a request of this caller; what he is told if it was one too many."""
        if self._limit is None:
            return None
        left = self._refused.get(identity, 0) - time.time()
        if left <= 0:
            left = await self._count(identity)
        return _too_many(self._limit, left) if left > 0 else None

    async def _count(self, identity: str) -> float:
        """Count a request; the seconds until there may be another one, 0 where this one is allowed."""
        if self._shared is not None and time.monotonic() >= self._away_until:
            try:
                async with asyncio.timeout(PATIENCE):
                    return await self._hit(self._shared, identity)
            except (DatabaseUnavailableError, TimeoutError) as error:
                self._away_until = time.monotonic() + ALONE
                logger.warning(
                    "each worker counts requests for itself for a while: %s", error or "the database is slow"
                )
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
