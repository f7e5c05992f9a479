"""Start the containers in a thread, while they are watched."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import replace

from upready.readiness.messages import Message, Refused, Started
from upready.runtime.attempt import Attempt
from upready.support.errors import OpsError

Start = Callable[[Attempt], None]
"""Starts the containers; raises what keeps all of them from being started."""


class StartThread:
    """Starts the containers in a thread.

    Attributes:
        given: Whether there is anything to start.
        begun: Whether the start has begun; False again where it must be repeated, because the engine was away.
        complete: Whether it has succeeded, and all containers have been listed since.
        error: Why it failed, set when all containers have been listed since.
        attempt: How the start is cancelled, and reports what it does.
    """

    RETRIES = 3

    def __init__(self, start: Start | None, inbox: queue.SimpleQueue[Message], attempt: Attempt | None = None) -> None:
        self.given = start is not None
        self.begun = self.complete = False
        self.error: OpsError | None = None
        self._start = start
        self._inbox = inbox
        self.attempt = replace(attempt or Attempt(), refuse=lambda name, error: inbox.put(Refused(name, error)))
        self._thread: threading.Thread | None = None
        self._drops = self._retries = 0
        self._end: tuple[OpsError | None, int] | None = None

    def begin(self, drops: int) -> None:
        """Start the containers; the result comes into the inbox. The connection has dropped `drops` times until now."""
        self.begun, self.error, self._end, self._drops = True, None, None, drops
        if self._start is None:
            self.complete = True
            return
        self._thread = threading.Thread(target=self._run, args=(self._start,), name="start")
        self._thread.start()

    def ended(self, error: Exception | None, request: int) -> None:
        """The start has ended; the result counts when the containers have been listed for this request.

        Raises:
            Exception: The start raised something that is no `OpsError`: a bug.
        """
        if error is not None and not isinstance(error, OpsError):
            raise error
        self._end = error, request

    def reached(self, request: int, drops: int) -> None:
        """All containers were listed, so the engine answers: decide how the start ended."""
        if self._end is None or request < self._end[1]:
            return
        error = self._end[0]
        if error is not None and drops != self._drops and self._retries < self.RETRIES:
            self._retries += 1
            self.begun = False
        elif error is not None:
            self.error = error
        else:
            self.complete = True

    def stop(self, patience: float = 0.0) -> None:
        """End the start, and wait until it has ended.

        Args:
            patience: Seconds until a step is interrupted: an interrupted hook would leave its work half done.
        """
        self.attempt.ending.set()
        if self._thread is not None and patience > 0:
            self._thread.join(patience)
        self.attempt.interrupt()
        if self._thread is not None:
            self._thread.join()

    def _run(self, start: Start) -> None:
        error: Exception | None = None
        try:
            start(self.attempt)
        except Exception as caught:  # noqa: BLE001 - raised again in the thread that waits
            error = caught
        self._inbox.put(Started(error))
