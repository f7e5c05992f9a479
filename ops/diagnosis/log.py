"""What a container wrote last, and the error in it."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ops import secrecy
from ops.errors import EngineError
from ops.runtime import Container, Runtime

ENOUGH = 2000
"""Lines that are read; causes are looked for in these."""

REPEATED = 3
"""So many entries alike in a row are told as one."""

SHOWN = 20
"""Lines that are shown."""

LONGEST = 500
"""Characters of a line that are kept: nobody reads on."""

READ = 16 * 1024
"""Characters of a line that are read: more than its level and message need, and so many lines of them fit in memory."""

_ERROR = re.compile(
    r"\b(\w*error|\w*exception|fatal|panic|critical|cannot|could not|denied|refused|not found|no such|failed)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Log:
    """The end of a container's log.

    Attributes:
        lines: The last ones of this run, oldest first; none of them holds control characters.
        error: First and last index within `lines` of the error that stands out, the last included; None without one.
    """

    lines: tuple[str, ...] = ()
    error: tuple[int, int] | None = None

    @property
    def trouble(self) -> list[str]:
        """The error that stands out: a traceback whole, else a line."""
        return list(self.lines[self.error[0] : self.error[1] + 1]) if self.error else []

    @property
    def shown(self) -> tuple[int, int]:
        """First index and the one behind the last of what is shown: the last lines, and the whole error if longer."""
        first = max(0, len(self.lines) - SHOWN)
        return (min(first, self.error[0]) if self.error else first), len(self.lines)


def read(engine: Runtime, container: Container) -> Log:
    """Read the end of a container's log: of its last run, where that has written anything."""
    from ops.logs.groups import Grouper

    source = engine.source("")
    origin = source.origin(container)
    for since in (container.started, None):
        grouper = Grouper(origin)
        try:
            entries = [
                entry
                for lines in source.read(origin, tail=ENOUGH, since=since)
                for entry in grouper.add([(time, stream, text[:READ]) for time, stream, text in lines])
            ] + grouper.idle(patient=False)
        except EngineError as error:
            return Log((f"(its log cannot be read: {error.message})",))
        if entries:
            # Before lines are cut: half a secret would not be known for one.
            return parse([(secrecy.hide(entry.text), entry.level) for entry in entries])
    return Log()


def parse(entries: Sequence[tuple[str, str | None]]) -> Log:
    """The lines of some log entries, and which of them are the error.

    Entries that follow each other and differ in numbers only are told once: a service that is asked for its health
    twenty times a second may log each. Of several errors the rarest stands out, and of those the last.

    Args:
        entries: For each entry its text, which may have several lines, and the level it tells.
    """
    from ops.logs import levels
    from ops.report.controls import neutralise

    lines: list[str] = []
    told: list[tuple[int, tuple[int, int]]] = []
    suspected: tuple[int, int] | None = None
    shapes = Counter(_shape(text) for text, _ in entries)
    for shape, alike in itertools.groupby(entries, key=lambda entry: _shape(entry[0])):
        held = list(alike)
        if len(held) >= REPEATED:
            lines.append(f"(… {len(held) - 1} more like the next one)")
            del held[:-1]
        for text, level in held:
            first = len(lines)
            lines += [line[:LONGEST] for line in neutralise(text, colour=False).split("\n")]
            place = first, len(lines) - 1
            if levels.at_least(level, "error"):
                told.append((shapes[shape], place))
            elif (level is None or levels.at_least(level, "warning")) and _ERROR.search(text):
                suspected = place
    rarest = min((each[0] for each in told), default=0)
    error = next((place for count, place in reversed(told) if count == rarest), suspected)
    return Log(tuple(lines), error)


def _shape(text: str) -> str:
    """A text without what differs between entries that say the same: numbers, identifiers."""
    return re.sub(r"\b[0-9a-f]{6,}\b|\d+", "#", text[:LONGEST])
