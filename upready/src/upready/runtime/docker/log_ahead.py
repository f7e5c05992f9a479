"""Reading ahead, so that the engine prepares every replica's log at once and not one after the other.

The merge needs one replica at a time, the engine costs more than the merge (measured: 5.5 against 4 µs a line), and a
socket holds a few hundred lines.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

PAUSE = 0.0015
"""Seconds between two reads: awake sooner, the thread is woken for every few lines; later, the engine waits for it."""

POLL = 0.25
"""Seconds after which waiting is begun anew: Windows hears a Ctrl-C only then."""


def read(parts: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """The same parts, read in a thread; about so many bytes wait to be taken at most.

    Raises:
        Exception: What reading them raised, once those before are taken.
    """
    waiting = _Waiting(limit)

    def fill() -> None:
        end: Exception | None = None
        try:
            for part in parts:
                if not waiting.put(part):
                    return
                time.sleep(PAUSE)
        except Exception as error:  # noqa: BLE001 - raised where the parts are taken
            end = error
        waiting.end(end)

    threading.Thread(target=fill, daemon=True).start()
    try:
        while (part := waiting.take()) is not None:
            yield part
    finally:
        waiting.close()


@dataclass
class _Waiting:
    """Parts that wait, up to a number of bytes."""

    limit: int
    _parts: deque[bytes] = field(default_factory=deque)
    _bytes: int = 0
    _ended: bool = False
    _closed: bool = False
    _error: Exception | None = None
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def put(self, part: bytes) -> bool:
        """Add a part once there is room; False when nobody wants it any more."""
        with self._changed:
            while self._bytes >= self.limit and not self._closed:
                self._changed.wait()
            self._parts.append(part)
            self._bytes += len(part)
            self._changed.notify_all()
            return not self._closed

    def end(self, error: Exception | None) -> None:
        """There are no more parts, or an error in the place of the next."""
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    def take(self) -> bytes | None:
        """The next part, as soon as there is one; None after the last."""
        with self._changed:
            while not self._parts:
                if self._error is not None:
                    raise self._error
                if self._ended:
                    return None
                self._changed.wait(POLL)
            part = self._parts.popleft()
            self._bytes -= len(part)
            self._changed.notify_all()
            return part

    def close(self) -> None:
        """Nobody takes anything any more."""
        with self._changed:
            self._closed = True
            self._parts.clear()
            self._changed.notify_all()
