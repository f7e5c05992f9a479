"""The last log lines of a container, and the error among them."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from upready.diagnosis.phrases import BEGINS, GIVEN_UP, SERVES
from upready.logs import tracebacks, traces
from upready.logs.tracebacks import Trace
from upready.runtime.docker.engine import Engine
from upready.runtime.interface import Container, Runtime
from upready.secrets import masking
from upready.support import times
from upready.support.errors import EngineError

ENOUGH = 2000
"""Lines that are read; the rules search these."""

REPEATED = 3
"""This many similar entries in a row are shown as one."""

SHOWN = 20
"""Lines that are shown."""

LONGEST = 500
"""Characters of a line that are kept."""

READ = 16 * 1024
"""Characters of a line that are read: more than level and message need, and few enough for the memory."""

_ERROR = re.compile(
    r"\b(\w*error|\w*exception|fatal|panic|critical|cannot|could not|denied|refused|not found|no such|failed)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Log:
    """The end of a container's log.

    Attributes:
        lines: The last ones of this run, oldest first, without control characters. The frames of libraries in a
            traceback, and the traceback of an earlier start, are one line each.
        error: First and last index in `lines` of the most important error, both included; None without one.
        times: When each line was first and last written, in seconds since 1970; empty where that is unknown.
        unread: Why it cannot be read; empty where it can.
        own: Whether the lines are from this run, and not from the one before.
    """

    lines: tuple[str, ...] = ()
    error: tuple[int, int] | None = None
    times: tuple[tuple[float, float], ...] = ()
    unread: str = ""
    own: bool = True

    @property
    def trouble(self) -> list[str]:
        """The most important error: a whole traceback, or else a line."""
        return list(self.lines[self.error[0] : self.error[1] + 1]) if self.error else []

    @property
    def shown(self) -> tuple[int, int]:
        """First index, and last index plus one, of the lines to show: the last ones, and the whole error."""
        first = max(0, len(self.lines) - SHOWN)
        return (min(first, self.error[0]) if self.error else first), len(self.lines)

    @cached_property
    def trace(self) -> Trace | None:
        """The last traceback; None where a later start has begun since."""
        found = tracebacks.find(self.lines)
        if not found or any(BEGINS.search(line) for line in self.lines[found[-1].last + 1 :]):
            return None
        return found[-1]


def read(engine: Runtime, container: Container, tail: int = ENOUGH, *, reason: bool = True) -> Log:
    """Read the end of a container's log: of its last run, or of all runs where that has written nothing.

    Args:
        engine: Where it runs.
        container: The container.
        tail: How many lines are read.
        reason: Whether it is asked why there are none.
    """
    from upready.logs.groups import Grouper

    source = engine.source("")
    origin = source.origin(container)
    for since in (container.started, None):
        grouper = Grouper(origin)
        try:
            entries = [
                entry
                for lines in source.read(origin, tail=tail, since=since)
                for entry in grouper.add([(time, stream, text[:READ]) for time, stream, text in lines])
            ] + grouper.idle(patient=False)
        except EngineError as error:
            return Log(unread=error.message)
        if entries:
            # The grouper returns the last entry of each stream late, so the entries are out of order.
            entries.sort(key=lambda entry: entry.time)
            written = [times.moment(entry.time).timestamp() for entry in entries]
            # Mask before lines are cut: half a secret would not be recognised.
            found = parse([(masking.hide(entry.text), entry.level) for entry in entries], written)
            return replace(found, own=since is not None or container.started is None)
    return Log(unread=_refusal(engine, container) if reason else "")


def _refusal(engine: Runtime, container: Container) -> str:
    """Why the engine does not give a log, in its own words; empty where it does and the log is empty."""
    from docker.errors import APIError

    if not isinstance(engine, Engine):
        return ""
    try:
        response = engine.logs(container.id, tail=1)
    except EngineError as error:
        return str(error.__cause__.explanation) if isinstance(error.__cause__, APIError) else error.message
    if response is not None:
        response.close()
    return ""


def parse(entries: Sequence[tuple[str, str | None]], times: Sequence[float] = ()) -> Log:
    """The lines of some log entries, and the error among them.

    Similar entries in a row, which differ only in numbers, become one: a service may log each of twenty health requests
    a second. The error is the one that ended the last start of the program, if there is one; else the rarest error, and
    of several equally rare ones the last.

    Args:
        entries: For each entry its text, which may have several lines, and its level.
        times: When each was written, in seconds since 1970; empty where that is unknown.
    """
    from upready.logs import levels

    rows = _tidy(_rows(_whole(entries, times)))
    begun = max((number for number, row in enumerate(rows) if BEGINS.search(row.text)), default=0)
    fatal = [
        each
        for each in tracebacks.find([row.text for row in rows])
        if each.first >= begun and (each.fatal or each.unmendable)
    ]
    error: tuple[int, int] | None = (fatal[-1].first, fatal[-1].last) if fatal else None
    told: list[tuple[int, tuple[int, int]]] = []
    suspected: tuple[int, int] | None = None
    for _, group in itertools.groupby(enumerate(rows), key=lambda row: row[1].entry):
        held = list(group)
        place, row = (held[0][0], held[-1][0]), held[0][1]
        text = "\n".join(each.text for _, each in held)
        if place[0] < begun or not row.count:
            continue
        if levels.at_least(row.level, "error"):
            # "The program has ended" is only the result of the error: an error before it counts more.
            told.append((row.count + (ENOUGH if GIVEN_UP.search(text) else 0), place))
        elif (row.level is None or levels.at_least(row.level, "warning")) and _ERROR.search(text):
            suspected = place
    if error is None:
        rarest = min((each[0] for each in told), default=0)
        error = next((place for count, place in reversed(told) if count == rarest), suspected)
    return Log(tuple(row.text for row in rows), error, tuple(row.times for row in rows) if times else ())


@dataclass
class _Row:
    """One line.

    Attributes:
        text: The line.
        entry: The number of its entry.
        level: The level of that entry.
        count: How many similar entries there are; 0 for a line that we added.
        times: When its entry was first and last written.
    """

    text: str
    entry: int
    level: str | None
    count: int
    times: tuple[float, float]


def _rows(entries: Sequence[tuple[str, str | None, float]]) -> list[_Row]:
    """The lines of the entries; of similar entries in a row the last, below a line that counts the others."""
    from upready.support.controls import neutralise

    rows: list[_Row] = []
    shapes = Counter(_shape(text) for text, _, _ in entries)
    number = 0
    for shape, alike in itertools.groupby(entries, key=lambda entry: _shape(entry[0])):
        held = list(alike)
        if len(held) >= REPEATED:
            span = held[0][2], held[-1][2]
            rows.append(_Row(f"(… {len(held) - 1} more like the next one)", number, None, 0, span))
            number += 1
            del held[:-1]
        for text, level, time in held:
            lines = tracebacks.fold(neutralise(text, colour=False).split("\n"))
            rows += [_Row(line[:LONGEST], number, level, shapes[shape], (time, time)) for line in lines]
            number += 1
    return rows


def _whole(entries: Sequence[tuple[str, str | None]], times: Sequence[float]) -> list[tuple[str, str | None, float]]:
    """The entries. A traceback into which another process wrote lines is put together again."""
    when = times or [0.0] * len(entries)
    every = [(_settled(text), level, time) for (text, level), time in zip(entries, when, strict=True)]
    whole: list[tuple[str, str | None, float]] = []
    open_: int | None = None
    for text, level, time in every:
        if open_ is not None and (text.startswith((" ", "\t")) or tracebacks.RAISED.match(text)):
            before = whole[open_]
            whole[open_] = (f"{before[0]}\n{text}", before[1], before[2])
            open_ = open_ if _unfinished(whole[open_][0]) else None
            continue
        whole.append((text, level, time))
        if _unfinished(text):
            open_ = len(whole) - 1
        elif open_ is not None and len(whole) - open_ > 5:
            open_ = None
    return whole


def _settled(text: str) -> str:
    """A text as a terminal shows it in the end: of a progress that overwrites its line, only the last state."""
    return "\n".join(map(_last_state, text.split("\n"))) if "\r" in text else text


def _last_state(line: str) -> str:
    states = line.rstrip("\r").split("\r")
    # A single carriage return is no progress: it may be of a script with Windows line ends.
    return next((each for each in reversed(states) if each.strip()), "") if len(states) > 2 else line


def _unfinished(text: str) -> bool:
    """Whether a text begins a traceback, and its last line is missing."""
    last = text.rstrip().rpartition("\n")[2]
    return traces.PYTHON in text and (last.startswith((" ", "\t")) or last.endswith(traces.PYTHON))


def _tidy(rows: list[_Row]) -> list[_Row]:
    """The rows. Where a later start succeeded, the traceback of an earlier start becomes one line."""
    texts = [row.text for row in rows]
    for each in reversed(tracebacks.find(texts)):
        old = rows[each.first]
        # A traceback that the program logs while it starts did not end it, and may be why it is not ready.
        logged = not each.fatal and each.first > 0 and rows[each.first - 1].entry == old.entry
        logged = logged or not old.text.startswith(("Traceback", "Process ", " ", "file:", "/", "node:", each.error))
        if any((BEGINS if logged else SERVES).search(text) for text in texts[each.last + 1 :]):
            told = f"(… {each.last - each.first + 1} lines of an earlier start, which failed)"
            rows[each.first : each.last + 1] = [_Row(told, old.entry, None, 0, old.times)]
    return rows


def _shape(text: str) -> str:
    """A text without numbers and identifiers, to compare entries with each other."""
    return re.sub(r"\b[0-9a-f]{6,}\b|\d+", "#", text[:LONGEST])
