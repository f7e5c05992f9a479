"""What is written from now on, of all replicas, in time order, across restarts and new replicas.

A thread a replica reads; one more hears what starts. The main thread collects what came within a tick, so that lines
of different replicas can be put in order and a traceback can come whole, and hands it over a tick or two later.
"""

from __future__ import annotations

import math
import threading
import time
from bisect import bisect_left, bisect_right
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
"""Seconds in which lines are collected; a line waits one or two."""

HEARTBEAT = 0.5
"""Seconds of silence after which the source is asked whether it is still there (and Windows hears a Ctrl-C)."""

FULL = 8 * 1024 * 1024
"""Bytes, about, that wait to be shown before reading pauses: a slow terminal must not cost memory."""

LINE = 250
"""Bytes that a line takes besides its text."""

RETRY = 0.2
"""Seconds until a running replica whose stream dropped is read again."""


@dataclass
class Inbox:
    """What the threads have read and the main thread has not taken yet."""

    _changed: threading.Condition = field(default_factory=threading.Condition)
    _items: list[tuple[Origin, Sequence[Line]]] = field(default_factory=list)
    _size: int = 0
    _error: BaseException | None = None
    closed: bool = False

    def put(self, origin: Origin, lines: Sequence[Line]) -> None:
        """Hand over lines; waits while there are too many."""
        size = sum(len(text) + LINE for _, _, text in lines)
        with self._changed:
            while self._size >= FULL and not self.closed:
                self._changed.wait()
            self._items.append((origin, lines))
            self._size += size
            if len(self._items) == 1:
                self._changed.notify_all()

    def fail(self, error: BaseException) -> None:
        """Hand over what ended a thread; it is raised in the main one."""
        with self._changed:
            self._error = self._error or error
            self._changed.notify_all()

    def take(self, timeout: float) -> list[tuple[Origin, Sequence[Line]]]:
        """Everything that has come, waiting for something until the timeout; empty when nothing did.

        Raises:
            BaseException: What ended a thread, once all lines have been taken.
        """
        with self._changed:
            if not self._items and self._error is None:
                self._changed.wait(timeout)
            if not self._items and self._error is not None:
                raise self._error
            items, self._items, self._size = self._items, [], 0
            self._changed.notify_all()
            return items

    def close(self) -> None:
        """Let no thread wait any longer."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()


@dataclass
class Live:
    """Follows all replicas of a source.

    Attributes:
        source: Where lines come from.
        marks: How far each replica has been read already. Others are read from their beginning when they start.
        pulse: Called in each heartbeat of silence.
    """

    source: Source
    marks: Mapping[Origin, Mark]
    pulse: Callable[[], None] = lambda: None
    _inbox: Inbox = field(default_factory=Inbox)
    _starts: dict[Origin, threading.Event] = field(default_factory=dict)
    _groupers: dict[Origin, Grouper] = field(default_factory=dict)

    def entries(self) -> Iterator[list[Entry]]:
        """Entries as they come, some at a time; never ends by itself.

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
        """Tick by tick: what came before the last tick is in order by now, and can go."""
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
        """What has come: within a tick where something waits to be shown, else as soon as there is something."""
        if waiting:
            time.sleep(TICK)
            return self._inbox.take(0)
        while not (items := self._inbox.take(HEARTBEAT)):
            self.source.check()
            self.pulse()
        return items

    def _idle(self, touched: Mapping[Origin, float], now: float) -> list[Entry]:
        """The last entries of replicas that wrote nothing in this tick."""
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
            for lines in mark.resume(self.source.follow(origin, mark.after)):
                self._inbox.put(origin, lines)
            if self._inbox.closed:
                return
            running = self.source.running(origin)
            if running is None:
                del self._starts[origin]
                return
            started.wait(RETRY if running else None)

    def _hear(self) -> None:
        """Wake the reader of each replica that starts; give one to those that are new."""
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
