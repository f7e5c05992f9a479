"""The severity of a log entry: its names, their order, and how a text tells it."""

from __future__ import annotations

import re

from ops.errors import UsageError
from ops.logs import notations

ORDER = ("trace", "debug", "info", "warning", "error", "critical")

_ALIASES = {
    "trace": "trce trc trac finer finest silly all",
    "debug": "dbug dbg debu verbose verb vrb fine config",
    "info": "inf notice note information informational log system http success",
    "warning": "warn wrn",
    "error": "err erro fail severe eror",
    "critical": "fatal crit alert emerg emergency panic dpanic ftl fata pnc pani disaster",
}
_NAMES = {each: level for level in ORDER for each in (level, *_ALIASES[level].split())}

_NUMBERS = {100: "debug", 200: "info", 250: "info", 300: "warning", 400: "error", 500: "critical", 550: "critical"}
"""Monolog's; 10 to 69 are pino's and bunyan's, own ones between theirs included."""

_STEP = re.compile(r"[+-]?\d+$|\s+error$")
"""Go's `INFO+2`, Postgres' `DEBUG2`, Apache's `trace4`, `fatal error`"""

_TRACE = re.compile(
    # Python's, Go's, Java's; Node's and .NET's have lines `at …` under the error's name
    r"^(?:Traceback \(most recent call last\):|panic: |goroutine \d+ \[|Exception in "
    r"|(?:Unhandled exception\. |Uncaught )?[\w.$\\]*(?:Error|Exception|Throwable)\b.*\n\s+at |\*\* \(\w[\w.]*\) .*\n\s+\()",
    re.MULTILINE,
)
_PANIC = re.compile(r"^(?:panic: |fatal error: |thread '.*' (?:\(\d+\) )?panicked at )", re.MULTILINE)


def name(value: object) -> str | None:
    """The level that a JSON line's value names, in any of the usual spellings or numbers; None for none."""
    if isinstance(value, str):
        return _NAMES.get(value) or _NAMES.get(_STEP.sub("", value.strip().lower()))
    if isinstance(value, int) and not isinstance(value, bool):
        return _NAMES[ORDER[value // 10 - 1]] if 10 <= value < 70 else _NUMBERS.get(value)
    return None


def detect(text: str) -> str | None:
    """The level that a plain text tells: by a word in its head or by being a traceback; None where it does not."""
    first, _, rest = text[: notations.HEAD].partition("\n")
    word = notations.word(first)
    if word is None and rest:
        # java.util.logging has the level on its second line.
        word = notations.second(rest)
    found = None if word is None else name(word)
    if "\n" in text and found != "critical":
        if _PANIC.search(text):
            return "critical"
        # A warning that brings a trace is one all the same.
        if (found is None or not at_least(found, "warning")) and _TRACE.search(text):
            return "error"
    return found


def at_least(level: str | None, threshold: str) -> bool:
    """Whether a level is a threshold or worse. A text without a level is not."""
    return level is not None and ORDER.index(level) >= ORDER.index(threshold)


def parse(text: str) -> str:
    """A level that a user typed.

    Raises:
        UsageError: There is no such level.
    """
    found = _NAMES.get(text.strip().lower())
    if found is None:
        raise UsageError(f"--level: there is no level {text!r}", details=[f"levels: {', '.join(ORDER)}"])
    return found
