"""The progress of a model that writes: its events, and a way to stop the work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from pydantic import BaseModel, Field

from app.answer import sound
from app.validator import Verdict


class Attempt(BaseModel):
    """The model is asked; its text begins again."""

    attempt: int = Field(description="The first is 1. The same number comes again if a connection broke.")
    attempts: int = Field(description="How many there may be.")


class Token(BaseModel):
    """A piece of the model's answer."""

    text: str


Event = Attempt | Token | Verdict


class Progress:
    """The progress of one diagram.

    Args:
        tell: Called with each event.
    """

    def __init__(self, tell: Callable[[Event], None] = lambda _: None) -> None:
        self._tell = tell
        self._limit: asyncio.Timeout | None = None
        self._attempt = Attempt(attempt=0, attempts=0)
        self._half = ""
        self.stopped = False

    def next(self, attempts: int) -> None:
        """Begin the next attempt; `attempts` is how many there may be."""
        self._attempt = Attempt(attempt=self._attempt.attempt + 1, attempts=attempts)

    def begin(self) -> None:
        """Tell that the model is asked for the current attempt."""
        self._half = ""
        self._tell(self._attempt)

    def token(self, text: str) -> None:
        """Tell a piece of the answer. A first half of a surrogate pair is kept until the second half comes."""
        text = self._half + text
        self._half = text[-1] if "\ud800" <= text[-1:] <= "\udbff" else ""
        if whole := sound(text.removesuffix(self._half)):
            self._tell(Token(text=whole))

    def verdict(self, verdict: Verdict) -> None:
        """Tell the verdict of the validator."""
        self._tell(verdict)

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[None]:
        """Limit the time of the code in the `with` block: `TimeoutError` when it is over, or after `stop`."""
        async with asyncio.timeout(seconds) as limit:
            self._limit = limit
            try:
                if self.stopped:
                    self.stop()
                yield
            finally:
                self._limit = None  # what comes after the block, such as saving, is not stopped

    def stop(self) -> None:
        """End the code in the block of `within`: the caller is gone. What the model has written so far is kept."""
        self.stopped = True
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time())
