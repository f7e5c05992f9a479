"""The last log entries of a stack, of each service some, and those of them that the user wants to see.

What is shown is filtered once, as it comes; a change of the filter looks through what is kept.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from operator import attrgetter

from upready.logs.entry import Entry
from upready.logs.query import Query
from upready.support import times

KEPT = 500
"""Entries that are kept of each replica."""

SHOWN = 2000
"""Entries that are kept of those that pass the filter."""

SLACK = timedelta(seconds=10)
"""So much earlier than the newest entry, one of another replica may be that has not come yet."""


class LogLines:
    """Entries come from one thread, and are read by another."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._kept: dict[object, deque[Entry]] = {}
        self._shown: deque[Entry] = deque(maxlen=SHOWN)
        self._held: list[Entry] | None = None
        self._query = Query()
        self._newest: dict[str, str] = {}
        self._had: dict[str, str] = {}
        self.changed = threading.Event()

    def add(self, entries: Sequence[Entry]) -> None:
        """Take in entries, in time order."""
        with self._guard:
            if self._had:
                entries = [each for each in entries if each.time > self._had.get(each.origin.key, "")]
            self._newest.update((each.origin.key, each.time) for each in entries)
            limited = bool(self._query.services) or self._query.filters
            self._shown.extend(filter(self._wanted, entries) if limited else entries)
            for each in entries:
                kept = self._kept.get(each.origin)
                if kept is None:
                    kept = self._kept[each.origin] = deque(maxlen=KEPT)
                kept.append(each)
        self.changed.set()

    def again(self) -> datetime | None:
        """From when on entries are needed where they are read again; None if none has come yet.

        It is a time of the engine, whose clock may be another than this machine's. Of what is then taken in, entries
        that have come before are left out.
        """
        with self._guard:
            self._had = dict(self._newest)
        return times.moment(max(self._had.values())) - SLACK if self._had else None

    def choose(self, query: Query) -> None:
        """From now on show what this query accepts, also of what has come before."""
        with self._guard:
            self._query = query
            found = sorted(
                (each for kept in self._kept.values() for each in kept if self._wanted(each)), key=attrgetter("time")
            )
            self._shown = deque(found, maxlen=SHOWN)
            if self._held is not None:
                self._held = list(self._shown)
        self.changed.set()

    def hold(self, *, still: bool) -> None:
        """Whether what is shown stays as it is, to be read; what comes meanwhile is kept all the same."""
        with self._guard:
            self._held = list(self._shown) if still else None

    def last(self, count: int, back: int = 0) -> Sequence[Entry]:
        """So many of the last entries, oldest first; the newest `back` are left out."""
        with self._guard:
            source = self._shown if self._held is None else self._held
            return list(islice(reversed(source), back, back + count))[::-1]

    def __len__(self) -> int:
        with self._guard:
            return len(self._shown if self._held is None else self._held)

    def _wanted(self, entry: Entry) -> bool:
        if self._query.services and entry.origin.service not in self._query.services:
            return False
        return self._query.accepts(entry)


def query(level: str | None, pattern: str, service: str) -> Query:
    """What the user wants to see of the logs.

    Raises:
        UsageError: The pattern is no regular expression.
    """
    found = Query.parse(grep=pattern, level=level or "")
    return replace(found, services=(service,) if service else ())
