"""Limits how much costly work is done at the same time. A request that would wait too long is refused at once.

Each worker process decides for itself. It knows how many requests wait in it and how long answers take, which also
depends on the work of the other processes. From both follows how long a new request would wait.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

logger = logging.getLogger(__name__)

IN_TIME = 4.0  # seconds that a request may wait
PLACES = 16  # requests that one process serves at the same time
PLACES_EACH = 4  # of them for one caller; twice the number of parsers, so that no parser is ever idle
WEIGHT = 0.1  # of the newest answer in the running mean of the durations
QUICK = 3  # refusals a second that are sent at once; more are delayed, since a refusal costs time too
HELD_BACK = 2.0  # seconds that such a refusal is delayed
TOLD_EVERY = 10.0  # seconds between two log lines about refusals


class OverloadedError(Exception):
    """A request was refused before any work was done for it.

    Attributes:
        retry_after: Seconds until there may be room.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"more is asked for than can be served; try again in {retry_after} s")
        self.retry_after = retry_after


@dataclass
class _Lane:
    """The requests of one caller: how many are served, and those that wait."""

    served: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)


class Admission:
    """A limited number of places for work. Callers get them in turn; the requests of one caller keep their order."""

    def __init__(self) -> None:
        self._lanes: dict[str, _Lane] = {}  # of callers with requests; the first one is next
        self._served = 0
        self._mean = 0.0  # seconds that a place is held, on average
        self._second, self._quick = -math.inf, 0  # start of the current second, and the refusals in it
        self._refused = 0
        self._told = -math.inf

    @asynccontextmanager
    async def place(self, caller: str) -> AsyncIterator[None]:
        """Hold a place while work is done for this caller. Waits for a place, but at most IN_TIME seconds.

        Raises:
            OverloadedError: The wait was too long, or would be.
        """
        lane = self._lanes.setdefault(caller, _Lane())
        try:
            await self._enter(lane)
        finally:
            self._forget(caller)
        start = asyncio.get_running_loop().time()
        try:
            yield
        finally:
            self._mean += WEIGHT * (asyncio.get_running_loop().time() - start - self._mean)
            self._leave(lane)
            self._forget(caller)

    async def _enter(self, lane: _Lane) -> None:
        if not lane.waiting and self._has_room(lane):
            self._take(lane)
            return
        waiting = sum(len(each.waiting) for each in self._lanes.values())
        needed = self._mean * max((len(lane.waiting) + 1) / PLACES_EACH, (waiting + 1) / PLACES)
        if needed > IN_TIME:
            await self._hold_back()
            raise self._refusal(needed - IN_TIME)
        turn = asyncio.get_running_loop().create_future()
        lane.waiting.append(turn)
        try:
            await asyncio.wait({turn}, timeout=IN_TIME)
        except asyncio.CancelledError:
            if turn.done():  # the place was given just now
                self._leave(lane)
            else:
                lane.waiting.remove(turn)
            raise
        if not turn.done():
            lane.waiting.remove(turn)
            raise self._refusal(IN_TIME)

    def _has_room(self, lane: _Lane) -> bool:
        return self._served < PLACES and lane.served < PLACES_EACH

    def _take(self, lane: _Lane) -> None:
        lane.served += 1
        self._served += 1

    def _leave(self, lane: _Lane) -> None:
        lane.served -= 1
        self._served -= 1
        self._admit()

    def _admit(self) -> None:
        """Give the free places to waiting requests, one to each caller in turn."""
        for name, lane in list(self._lanes.items()):
            if self._served >= PLACES:
                return
            if lane.waiting and self._has_room(lane):
                self._take(lane)
                lane.waiting.popleft().set_result(None)
                self._lanes[name] = self._lanes.pop(name)  # to the end of the order

    def _forget(self, caller: str) -> None:
        lane = self._lanes.get(caller)
        if lane is not None and not lane.served and not lane.waiting:
            del self._lanes[caller]

    async def _hold_back(self) -> None:
        """Delay a refusal if there are many. Clients that retry at once would take the processor time of all others."""
        now = asyncio.get_running_loop().time()
        if now - self._second >= 1:
            self._second, self._quick = now, 0
        self._quick += 1
        if self._quick > QUICK:
            await asyncio.sleep(HELD_BACK)

    def _refusal(self, seconds: float) -> OverloadedError:
        self._refused += 1
        now = asyncio.get_running_loop().time()
        if now - self._told >= TOLD_EVERY:
            logger.warning("overloaded: %d requests were refused since the last line about it", self._refused)
            self._refused, self._told = 0, now
        return OverloadedError(max(1, math.ceil(seconds)))
