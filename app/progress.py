"""What happens while a model writes, told to whoever watches, who may also end the work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from pydantic import BaseModel, Field

from app.answer import sound
from app.validator import Verdict


class Attempt(BaseModel):
    """The model is asked: the text begins anew."""

    attempt: int = Field(description="The first is 1; the same comes again where a connection broke.")
    attempts: int = Field(description="How many there may be.")


class Token(BaseModel):
    """A piece of the model's answer, as it came."""

    text: str


Event = Attempt | Token | Verdict


class Progress:
    """The progress of one diagram.

    Args:
        tell: Called with each event, as it happens.
    """

    def __init__(self, tell: Callable[[Event], None] = lambda _: None) -> None:
        self._tell = tell
        self._limit: asyncio.Timeout | None = None
        self._attempt = Attempt(attempt=0, attempts=0)
        self._half = ""
        self.stopped = False

    def next(self, attempts: int) -> None:
        """Count an attempt of at most so many."""
        self._attempt = Attempt(attempt=self._attempt.attempt + 1, attempts=attempts)

    def begin(self) -> None:
        """The model is being asked, for the attempt that was counted last."""
        self._half = ""
        self._tell(self._attempt)

    def token(self, text: str) -> None:
        """The model said this. Half of a surrogate pair, as where a provider splits an escape, waits for the other."""
        text = self._half + text
        self._half = text[-1] if "\ud800" <= text[-1:] <= "\udbff" else ""
        if whole := sound(text.removesuffix(self._half)):
            self._tell(Token(text=whole))

    def verdict(self, verdict: Verdict) -> None:
        """The validator said this."""
        self._tell(verdict)

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[None]:
        """Limit the time of what is done within: `TimeoutError` when it is over, or when it was stopped."""
        async with asyncio.timeout(seconds) as self._limit:
            if self.stopped:
                self.stop()
            yield

    def stop(self) -> None:
        """End what is done `within`, since nobody waits for it any more. What was written until now is kept."""
        self.stopped = True
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time())
