"""Start the containers while they are watched, and know how far that is."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import replace

from upready.readiness.messages import Message, Refused, Started
from upready.runtime.attempt import Attempt
from upready.support.errors import OpsError

Start = Callable[[Attempt], None]
"""Starts the containers, raising what goes wrong with all of them."""


class StartThread:
    """Starts the containers in a thread, and knows how far that is.

    Attributes:
        given: Whether there is anything to do at all.
        begun: Whether it has been begun; not, where it must be once more because the engine went away meanwhile.
        complete: Whether it has ended well, and everything has been looked at since.
        error: What it raised, everything having been looked at since.
        attempt: What it is told, and tells.
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
        """Start the containers; what comes of it is put into the inbox.

        Args:
            drops: How often the connection to the engine has been seen to drop by now.
        """
        self.begun, self.error, self._end, self._drops = True, None, None, drops
        if self._start is None:
            self.complete = True
            return
        self._thread = threading.Thread(target=self._run, args=(self._start,), name="start")
        self._thread.start()

    def ended(self, error: Exception | None, request: int) -> None:
        """It has ended; that counts with the answer to this look at everything.

        Raises:
            Exception: What it raised, where that is a bug: nothing that happens from now on explains it.
        """
        if error is not None and not isinstance(error, OpsError):
            raise error
        self._end = error, request

    def reached(self, request: int, drops: int) -> None:
        """Everything has been looked at, so the engine answers: judge how the start ended."""
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
        """End it, and wait until it has ended.

        Args:
            patience: Seconds in which what is under way may end by itself: a hook that is interrupted has half done
                its work.
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
        except Exception as caught:  # noqa: BLE001 - raised again where it is waited for
            error = caught
        self._inbox.put(Started(error))
