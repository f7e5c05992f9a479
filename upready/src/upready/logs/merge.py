"""The log lines that exist already, of all replicas, in time order.

The merge reads from the replica that is furthest behind, and yields the entries that no replica can still precede.
Memory holds a few hundred lines of each replica, however large the logs are.
"""

from __future__ import annotations

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
    """The lines of one replica, as input of the merge."""

    grouper: Grouper
    batches: Iterator[Sequence[Line]]
    ready: list[Entry] = field(default_factory=list)
    low: str = ""

    def pull(self) -> None:
        """Read some more. Afterwards nothing comes from here that is older than `low`."""
        lines = next(self.batches, None)
        if lines is None:
            self.ready += self.grouper.idle(patient=False)
            self.low = _END
        else:
            self.ready += self.grouper.add(lines)
            self.low = self.grouper.low or lines[-1][0]
        self.ready.sort(key=_time)

    def take(self, before: str) -> list[Entry]:
        """Remove and return the entries from before a time."""
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
    active = list(feeds)
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
