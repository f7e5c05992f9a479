"""The log lines that are written from now on, of all replicas, in time order, across restarts and new replicas.

A thread reads each replica; one more thread notices replicas that start. The main thread collects lines for a tick, so
that it can put them in order and complete tracebacks, and yields them a tick or two later.
"""

from __future__ import annotations

import math
import threading
import time
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from upready.logs.cursor import Mark
from upready.logs.entry import Entry, Origin
from upready.logs.groups import GAP, Grouper
from upready.logs.source import Line, Source
from upready.support.errors import OpsError

_time = attrgetter("time")

TICK = 0.006
"""Seconds for which lines are collected. A line waits for one or two of these ticks."""

HEARTBEAT = 0.5
"""Seconds of silence after which the source is checked. Windows needs it, too, to notice a Ctrl-C."""

FULL = 8 * 1024 * 1024
"""Bytes that may wait to be shown, about. With more, reading pauses, so that a slow terminal costs no memory."""

LINE = 250
"""Bytes that a line takes besides its text."""

RETRY = 0.2
"""Seconds until a running replica whose stream dropped is read again."""


@dataclass
class Skim:
    """How a screen follows: it can show only some lines, so of a flood only the last ones are kept, and counted.

    Attributes:
        tick: Seconds for which lines are collected.
        room: Lines that are kept of one tick, of all replicas together; each has at least `least`.
        least: Lines that are kept of one tick of each replica.
        dropped: How many lines were not kept.
    """

    tick: float = 0.25
    room: int = 400
    least: int = 5
    dropped: int = 0
    _pending: dict[Origin, deque[Line]] = field(default_factory=dict)

    def put(self, origin: Origin, lines: Sequence[Line]) -> None:
        """Keep the last lines of a replica."""
        kept = self._pending.get(origin)
        if kept is None:
            kept = self._pending[origin] = deque()
        most = max(self.least, self.room // len(self._pending))
        over = len(kept) + len(lines) - most
        if over > 0:
            self.dropped += over
            lines = lines[-most:]
            while len(kept) + len(lines) > most:
                kept.popleft()
        kept.extend(lines)

    def take(self) -> list[tuple[Origin, Sequence[Line]]]:
        """What was kept since the last call."""
        taken, self._pending = self._pending, {}
        return [(origin, list(lines)) for origin, lines in taken.items()]

    def pause(self, lines: int) -> float:
        """Seconds until a replica is read again which has just written so many lines: each reading costs something."""
        return self.tick / 20 if lines > self.room // 2 else self.tick


@dataclass
class Inbox:
    """Lines that the threads have read and the main thread has not taken yet."""

    _changed: threading.Condition = field(default_factory=threading.Condition)
    _items: list[tuple[Origin, Sequence[Line]]] = field(default_factory=list)
    _size: int = 0
    _error: BaseException | None = None
    closed: bool = False
    skim: Skim | None = None

    def put(self, origin: Origin, lines: Sequence[Line]) -> None:
        """Add lines; waits while there are too many."""
        if self.skim is not None:
            with self._changed:
                self.skim.put(origin, lines)
                self._changed.notify_all()
            return
        size = sum(len(text) + LINE for _, _, text in lines)
        with self._changed:
            while self._size >= FULL and not self.closed:
                self._changed.wait()
            self._items.append((origin, lines))
            self._size += size
            if len(self._items) == 1:
                self._changed.notify_all()

    def fail(self, error: BaseException) -> None:
        """Add the error that ended a thread; the main thread raises it."""
        with self._changed:
            self._error = self._error or error
            self._changed.notify_all()

    def take(self, timeout: float) -> list[tuple[Origin, Sequence[Line]]]:
        """All lines that have come, after a wait for the first one; empty when none came before the timeout.

        Raises:
            BaseException: The error that ended a thread, when all lines have been taken.
        """
        with self._changed:
            if self.skim is not None:
                self._items = self.skim.take()
            if not self._items and self._error is None:
                self._changed.wait(timeout)
                self._items = self.skim.take() if self.skim is not None else self._items
            if not self._items and self._error is not None:
                raise self._error
            items, self._items, self._size = self._items, [], 0
            self._changed.notify_all()
            return items

    def close(self) -> None:
        """Wake the threads that wait, so that they end."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()


@dataclass
class Live:
    """Follows all replicas of a source.

    Attributes:
        source: Where lines come from.
        marks: How far each replica has been read already. Later ones are read from their beginning.
        pulse: Called after each `HEARTBEAT` of silence.
        skim: For a screen that need not show every line; None loses none.
    """

    source: Source
    marks: Mapping[Origin, Mark]
    pulse: Callable[[], None] = lambda: None
    skim: Skim | None = None
    _inbox: Inbox = field(default_factory=Inbox)
    _starts: dict[Origin, threading.Event] = field(default_factory=dict)
    _groupers: dict[Origin, Grouper] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._inbox.skim = self.skim

    def entries(self) -> Iterator[list[Entry]]:
        """Entries as they come, some at a time; it does not end by itself.

        Raises:
            OpsError: The source is gone.
        """
        for origin, mark in self.marks.items():
            self._begin(origin, mark)
        self._thread(self._hear)
        try:
            yield from self._collect()
        finally:
            self._inbox.close()
            self.source.close()
            for started in list(self._starts.values()):
                started.set()

    def _collect(self) -> Iterator[list[Entry]]:
        """Collect tick by tick. Entries from before the last tick are complete and in order, and are yielded."""
        ready: list[Entry] = []
        touched: dict[Origin, float] = {}
        due = newest = ""
        while True:
            try:
                items = self._take(waiting=bool(ready) or any(each.low for each in self._groupers.values()))
            except OpsError:
                if rest := [*ready, *self._idle(touched, math.inf)]:
                    yield sorted(rest, key=_time)
                raise
            now = time.monotonic()
            for origin, lines in items:
                ready += self._groupers.setdefault(origin, Grouper(origin)).add(lines)
                newest = max(newest, lines[-1][0])
                touched[origin] = now
            ready += self._idle(touched, now)
            ready.sort(key=_time)
            low = min((each.low for each in self._groupers.values() if each.low), default=newest + "~")
            cut = min(bisect_right(ready, due, key=_time), bisect_left(ready, low, key=_time))
            if cut:
                yield ready[:cut]
                del ready[:cut]
            due = newest

    def _take(self, *, waiting: bool) -> list[tuple[Origin, Sequence[Line]]]:
        """New lines: after one tick where entries wait to be shown, else as soon as some come."""
        if waiting:
            time.sleep(self.skim.tick if self.skim else TICK)
            return self._inbox.take(0)
        while not (items := self._inbox.take(HEARTBEAT)):
            self.source.check()
            self.pulse()
        return items

    def _idle(self, touched: Mapping[Origin, float], now: float) -> list[Entry]:
        """The open entries of replicas that wrote nothing in this tick."""
        ready: list[Entry] = []
        for origin, grouper in self._groupers.items():
            if touched[origin] < now:
                ready += grouper.idle(patient=now - touched[origin] < GAP)
        return ready

    def _begin(self, origin: Origin, mark: Mark) -> None:
        self._starts[origin] = threading.Event()
        self._thread(self._read, origin, mark)

    def _read(self, origin: Origin, mark: Mark) -> None:
        """Read one replica, again after each of its restarts, until it is gone."""
        started = self._starts[origin]
        while True:
            started.clear()
            written = 0
            for lines in mark.resume(self.source.follow(origin, mark.after)):
                self._inbox.put(origin, lines)
                if self.skim is not None:
                    # A batch that is full has more behind it.
                    written += len(lines)
                    if len(lines) < self.skim.room // 2:
                        time.sleep(self.skim.pause(written))
                        written = 0
            if self._inbox.closed:
                return
            running = self.source.running(origin)
            if running is None:
                del self._starts[origin]
                return
            started.wait(RETRY if running else None)

    def _hear(self) -> None:
        """Wake the reader of each replica that starts, and begin one for a new replica."""
        for origin in self.source.changes():
            if origin in self._starts:
                self._starts[origin].set()
            else:
                self._begin(origin, Mark())

    def _thread(self, work: Callable[..., None], *arguments: Any) -> None:
        def guarded() -> None:
            try:
                work(*arguments)
            except Exception as error:  # noqa: BLE001 - the main thread raises it
                self._inbox.fail(error)

        threading.Thread(target=guarded, daemon=True).start()
