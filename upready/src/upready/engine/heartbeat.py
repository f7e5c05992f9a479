"""Find out whether an engine still answers, while somebody waits for it: a slow engine is not gone."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Protocol

PAUSE = 0.25
"""Seconds between an answer and the next ping."""

RETRY = 0.1
"""Seconds between pings without an answer."""

LOST = 2.0
"""Seconds without any answer after which an engine that has answered counts as gone."""

FIRST = 5.0
"""Seconds that the first answer may take."""

SLOWER = 3.0
"""The next answer may take so many times as long as the last one, if that is more than `LOST`."""

LAST_TRY = 0.5
"""The shortest time limit, in seconds, of the ping after an unanswered one."""

FAREWELL = 0.1
"""Seconds to wait for the thread's end: a thread that still runs while Python shuts down could crash it."""


class Watched(Protocol):
    """An engine with a heartbeat, for calls that must not wait for an engine that is gone."""

    heartbeat: Heartbeat


class Heartbeat:
    """Pings one engine while somebody watches it.

    Args:
        ping: Whether it answers within so many seconds.

    Attributes:
        pace: Seconds that its last answer took; None before the first one.
        misses: How many pings were not answered.
    """

    def __init__(self, ping: Callable[[float], bool]) -> None:
        self._ping = ping
        self._guard = threading.Lock()
        self._watchers = 0
        self._over = threading.Event()
        self._gone = threading.Event()
        self._thread: threading.Thread | None = None
        self.pace: float | None = None
        self.misses = 0

    @property
    def limit(self) -> float:
        """Seconds without an answer after which the engine counts as gone."""
        return FIRST if self.pace is None else max(LOST, SLOWER * self.pace)

    @contextlib.contextmanager
    def watching(self) -> Iterator[threading.Event]:
        """Ping it during the block; gives an event that is set once it is gone."""
        with self._guard:
            self._watchers += 1
            if self._watchers == 1:
                self._over, self._gone = threading.Event(), threading.Event()
                self._thread = threading.Thread(
                    target=self._run, args=(self._over, self._gone), name="heartbeat", daemon=True
                )
                self._thread.start()
            gone = self._gone
        try:
            yield gone
        finally:
            with self._guard:
                self._watchers -= 1
                thread = None if self._watchers else self._thread
                if thread is not None:
                    self._over.set()
            if thread is not None:
                thread.join(FAREWELL)

    def answers(self) -> bool:
        """Whether it answers now, or soon."""
        deadline = time.monotonic() + self.limit
        while (left := deadline - time.monotonic()) > 0:
            if self._beat(left):
                return True
            time.sleep(RETRY)
        return False

    def _run(self, over: threading.Event, gone: threading.Event) -> None:
        heard, unanswered = time.monotonic(), 0
        while not over.is_set():
            left = heard + self.limit - time.monotonic()
            # More than one ping must fail: this process itself may have been stopped for a while. The first ping gets
            # most of the time, so that a slow engine can answer.
            if self._beat(max(LAST_TRY, left if unanswered else left * 0.75)):
                heard, unanswered = time.monotonic(), 0
                over.wait(PAUSE)
                continue
            unanswered += 1
            if unanswered > 1 and time.monotonic() - heard > self.limit:
                gone.set()
                return
            over.wait(RETRY)

    def _beat(self, timeout: float) -> bool:
        began = time.monotonic()
        if self._ping(timeout):
            self.pace = time.monotonic() - began
            return True
        self.misses += 1
        return False
