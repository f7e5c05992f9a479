"""Lines that belong together, made one entry: a traceback, an object printed over several lines.

The engine stamps each line by itself, so that another service's line would come between two lines of a traceback.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ops.logs import times
from ops.logs.entry import Entry, Origin
from ops.logs.source import Line

GAP = 0.1
"""Seconds between two lines of a stream after which they no longer belong together."""

LARGEST = 500
"""Lines of one entry."""

LONGEST = 0.5
"""Seconds between its first and its last."""

_SUSPECT = frozenset(["", " ", "\t", "}", "]", ")", "T", "C", "D"])
"""First characters of lines that may continue the one before; all other lines are told by this alone."""

_TRACE = "Traceback (most recent call last):"
_CHAIN = ("During handling of the above exception,", "The above exception was the direct cause")
_ERROR = re.compile(r"error|exception|critical|fatal", re.IGNORECASE)
_PANIC = ("panic: ", "fatal error: ")
_GO_FRAME = re.compile(r"\S+\(.*\)$|created by |exit status \d")
_AFTER_BLANK = re.compile(r"(?:Uncaught )?[\w.]*(?:Error|Exception)\b|Node\.js v\d|goroutine \d")
_CLOSER = re.compile(r"[}\])][}\]),;]*$")


@dataclass
class _Open:
    """The last entry of a stream, which the next line may continue."""

    entry: Entry
    last: str
    lines: int = 1
    trace: bool = False  # a traceback whose last line has not come
    traced: bool = False  # one whose last line has


@dataclass
class Grouper:
    """Makes entries of the lines of one replica; of each stream, the last entry stays open for what comes next."""

    origin: Origin
    _open: dict[int, Entry] = field(default_factory=dict)
    _state: dict[int, _Open] = field(default_factory=dict)

    def add(self, lines: Iterable[Line]) -> list[Entry]:
        """The entries that these lines complete."""
        done: list[Entry] = []
        opened, state, origin, append = self._open, self._state, self.origin, done.append
        time, current, held = "", 0, None
        for time, stream, text in lines:
            if stream != current:
                if held is not None:
                    opened[current] = held
                current, held = stream, opened.get(stream)
            first = text[:1]
            if held is not None:
                if (first in _SUSPECT or state) and self._continues(held, time, stream, text):
                    continue
                append(held)
                if state:
                    state.pop(stream, None)
            held = Entry(time, origin, stream, text)
            if first == "T" and text.startswith(_TRACE):
                state[stream] = _Open(held, time, trace=True)
        if held is not None:
            opened[current] = held
        # A stream that fell silent must not hold back everything after its last line.
        for stream, held in list(opened.items()):
            if time and times.apart(self._last(held), time) > GAP:
                done.append(self._close(stream))
        return done

    def idle(self, *, patient: bool) -> list[Entry]:
        """The open entries, which nothing has continued for a moment; while `patient`, not an unfinished traceback."""
        streams = [s for s in self._open if not (patient and s in self._state and self._state[s].trace)]
        return [self._close(stream) for stream in streams]

    @property
    def low(self) -> str | None:
        """The time of the oldest open entry; None when there is none."""
        return min((each.time for each in self._open.values()), default=None)

    def _close(self, stream: int) -> Entry:
        self._state.pop(stream, None)
        return self._open.pop(stream)

    def _last(self, held: Entry) -> str:
        state = self._state.get(held.stream)
        return state.last if state else held.time

    def _continues(self, held: Entry, time: str, stream: int, text: str) -> bool:
        """Whether a line continues an open entry; if so it is part of it now."""
        state = self._state.get(stream) or _Open(held, held.time)
        if state.lines >= LARGEST or times.apart(state.last, time) > GAP or times.apart(held.time, time) > LONGEST:
            return False
        if not self._belongs(state, held, text):
            return False
        held.text += "\n" + text
        state.last = time
        state.lines += 1
        self._state[stream] = state
        return True

    def _belongs(self, state: _Open, held: Entry, text: str) -> bool:
        """Whether a line looks like part of an open entry."""
        if text.startswith(_TRACE):
            # The traceback that a logged error brings, or the next in a chain.
            state.trace = state.trace or state.traced or bool(_ERROR.search(held.text))
            state.traced = False
            return state.trace
        if state.trace:
            if text and not text.startswith((" ", "\t")):
                state.trace, state.traced = False, True
            return True
        if not text:
            return state.traced or state.lines > 1 or held.text.startswith(_PANIC)
        return (
            text.startswith((" ", "\t", "Caused by: "))
            or (state.traced and text.startswith(_CHAIN))
            or (held.text.endswith("\n") and bool(_AFTER_BLANK.match(text)))
            or (held.text.startswith(_PANIC) and bool(_GO_FRAME.match(text)))
            or (state.lines > 1 and bool(_CLOSER.match(text)))
        )
