"""Who is let in to what is costly: nobody waits for what cannot be served in time.

The processes that serve do not share their counts, and need not: each knows what waits in it, how long an answer takes
(which tells of the others' work, too), and so how long a newcomer would wait.
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

IN_TIME = 4.0  # seconds that a caller may wait for his turn
PLACES = 16  # served at the same time by one process
PLACES_EACH = 4  # of them for one caller; twice as many as the MCP server has parsers, so that none is ever idle
WEIGHT = 0.1  # of the newest answer in the mean of how long answers take
QUICK = 3  # refusals a second that are answered at once; the further ones are held back, for they cost time, too
HELD_BACK = 2.0  # seconds
TOLD_EVERY = 10.0  # seconds; a line for each refusal would be a burden of its own


class OverloadedError(Exception):
    """A caller was refused before any work was done for him.

    Attributes:
        retry_after: Seconds until there may be room.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"more is asked for than can be served; try again in {retry_after} s")
        self.retry_after = retry_after


@dataclass
class _Lane:
    """One caller's requests."""

    served: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)


class Admission:
    """Places for work that is done at the same time, given to the callers in turn, in the order that each asked."""

    def __init__(self) -> None:
        self._lanes: dict[str, _Lane] = {}  # of those who wait or are served; whose turn it is comes first
        self._served = 0
        self._mean = 0.0  # seconds that one place is held
        self._second, self._quick = -math.inf, 0  # when the present second began, and refusals since
        self._refused = 0
        self._told = -math.inf

    @asynccontextmanager
    async def place(self, caller: str) -> AsyncIterator[None]:
        """Hold a place while work is done for this caller; wait for one where that is not too long.

        Raises:
            OverloadedError: It would be too long, or it was.
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
            if turn.done():  # it was given just now
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
        """Give free places to those who wait: one to each caller in turn."""
        for name, lane in list(self._lanes.items()):
            if self._served >= PLACES:
                return
            if lane.waiting and self._has_room(lane):
                self._take(lane)
                lane.waiting.popleft().set_result(None)
                self._lanes[name] = self._lanes.pop(name)  # to the end: the others come first next time

    def _forget(self, caller: str) -> None:
        lane = self._lanes.get(caller)
        if lane is not None and not lane.served and not lane.waiting:
            del self._lanes[caller]

    async def _hold_back(self) -> None:
        """Let a refusal wait where there are many: those who ask again at once would else take the time of all."""
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
            logger.warning("overloaded: %d requests were refused since this was last told", self._refused)
            self._refused, self._told = 0, now
        return OverloadedError(max(1, math.ceil(seconds)))
