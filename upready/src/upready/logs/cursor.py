"""How far the log of a replica has been read, so that no line is lost or doubled when reading goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from upready.logs.entry import STREAMS
from upready.logs.source import Line
from upready.support import times

SLACK = timedelta(seconds=1)
"""A new line may have a time stamp this much older than the last line: each stream has stamps of its own."""


@dataclass
class Mark:
    """The last time on each stream of a replica, and the number of lines with that time.

    Within a stream the engine's times never go back. Time and number identify a line.

    Attributes:
        start: The time from which lines are wanted before the first one is read; None for all.
    """

    start: str | None = None
    _seen: dict[int, tuple[str, int]] = field(default_factory=dict)
    _first: str | None = None

    @property
    def after(self) -> str | None:
        """The time from which lines are needed; None for all."""
        last = max((time for time, _ in self._seen.values()), default=None)
        return times.shift(last, -SLACK) if last else self.start

    def note(self, lines: Iterable[Line]) -> None:
        """Remember these lines as read."""
        seen = self._seen
        for time, stream, _ in lines:
            last = seen.get(stream)
            seen[stream] = (time, last[1] + 1 if last is not None and last[0] == time else 1)

    def noting(self, batches: Iterable[Sequence[Line]], *, cut: bool = False) -> Iterator[Sequence[Line]]:
        """The same lines, remembered as read; with `cut` they are only the last ones, and older ones are not wanted."""
        for lines in batches:
            if cut and self._first is None:
                self._first = lines[0][0]
            self.note(lines)
            yield lines

    def resume(self, batches: Iterable[Sequence[Line]]) -> Iterator[Sequence[Line]]:
        """The lines of a stream that was opened again at `after`, without those read before; remembered as read."""
        known = dict(self._seen)
        if self._first is not None:  # of a stream that is not among the last lines, there may be older ones
            known = {**dict.fromkeys(STREAMS, (self._first, 0)), **known}
        for lines in batches:
            fresh = [line for line in lines if not _skips(known, line)] if known else lines
            if fresh:
                self.note(fresh)
                yield fresh


def _skips(known: dict[int, tuple[str, int]], line: Line) -> bool:
    """Whether a line was read before. After the first new line of a stream, all its lines are new."""
    time, stream, _ = line
    if stream not in known:
        return False
    last, count = known[stream]
    if time < last:
        return True
    if time == last and count:
        known[stream] = (last, count - 1)
        return True
    del known[stream]
    return False
