"""How far a replica has been read, so that reading goes on without losing or doubling a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from upready.logs.source import Line
from upready.support import times

SLACK = timedelta(seconds=1)
"""How much older than the last line a new one may be stamped: each stream is stamped by itself."""


@dataclass
class Mark:
    """The last time seen on each stream of a replica, and how many lines bore it.

    Within a stream the engine's times never go back, and a line is known by its time and its number among those of
    that time.

    Attributes:
        start: The time from which lines are wanted while none has been seen; None means all.
    """

    start: str | None = None
    _seen: dict[int, tuple[str, int]] = field(default_factory=dict)

    @property
    def after(self) -> str | None:
        """The time from which lines are needed; None for all."""
        last = max((time for time, _ in self._seen.values()), default=None)
        return times.shift(last, -SLACK) if last else self.start

    def note(self, lines: Iterable[Line]) -> None:
        """Lines have been read."""
        seen = self._seen
        for time, stream, _ in lines:
            last = seen.get(stream)
            seen[stream] = (time, last[1] + 1 if last is not None and last[0] == time else 1)

    def noting(self, batches: Iterable[Sequence[Line]]) -> Iterator[Sequence[Line]]:
        """The same lines, noted as they pass."""
        for lines in batches:
            self.note(lines)
            yield lines

    def resume(self, batches: Iterable[Sequence[Line]]) -> Iterator[Sequence[Line]]:
        """The lines of a stream that was opened again at `after`, without those seen before; noted as they pass."""
        known = dict(self._seen)
        for lines in batches:
            fresh = [line for line in lines if not _skips(known, line)] if known else lines
            if fresh:
                self.note(fresh)
                yield fresh


def _skips(known: dict[int, tuple[str, int]], line: Line) -> bool:
    """Whether a line was seen before; from the first new one of a stream on, all of that stream are new."""
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
