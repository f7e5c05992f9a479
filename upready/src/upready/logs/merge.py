"""What has been written so far, of all replicas, in time order.

A lazy merge in one thread: it reads from the replica that is furthest behind, and hands over what no replica can still
come before. The engine fills the other streams meanwhile. Memory holds a few hundred lines a replica, whatever their
logs' sizes.
"""

from __future__ import annotations

import gc
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from upready.logs.entry import Entry
from upready.logs.groups import Grouper
from upready.logs.source import Line

_time = attrgetter("time")
_END = "~"
"""Sorts after every time."""


@dataclass
class Feed:
    """One replica's lines, on their way into the merge."""

    grouper: Grouper
    batches: Iterator[Sequence[Line]]
    ready: list[Entry] = field(default_factory=list)
    low: str = ""

    def pull(self) -> None:
        """Read some more; `low` is then the time before which nothing more comes from here."""
        lines = next(self.batches, None)
        if lines is None:
            self.ready += self.grouper.idle(patient=False)
            self.low = _END
        else:
            self.ready += self.grouper.add(lines)
            self.low = self.grouper.low or lines[-1][0]
        self.ready.sort(key=_time)

    def take(self, before: str) -> list[Entry]:
        """Remove and return what is from before a time."""
        if not self.ready or self.ready[0].time >= before:
            return []
        if self.ready[-1].time < before:
            taken, self.ready = self.ready, []
            return taken
        cut = bisect_left(self.ready, before, key=_time)
        taken = self.ready[:cut]
        del self.ready[:cut]
        return taken


def merge(feeds: Iterable[Feed]) -> Iterator[list[Entry]]:
    """All entries of all feeds in time order, some at a time."""
    collecting = gc.isenabled()
    # Entries hold no cycles, and looking for some costs a fifth of the time of a long log.
    gc.disable()
    try:
        yield from _merge(list(feeds))
    finally:
        if collecting:
            gc.enable()


def _merge(active: list[Feed]) -> Iterator[list[Entry]]:
    while active:
        behind = min(active, key=lambda feed: feed.low)
        behind.pull()
        low = min(feed.low for feed in active)
        taken = [part for feed in active if (part := feed.take(low))]
        if len(taken) == 1:
            yield taken[0]
        elif taken:
            yield sorted((entry for part in taken for entry in part), key=_time)
        active = [feed for feed in active if feed.low != _END or feed.ready]
        if low == _END:
            return
