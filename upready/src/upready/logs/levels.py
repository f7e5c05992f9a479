"""The level of a log entry: its names, their order, and how to find it in a text."""

from __future__ import annotations

import re

from upready.logs import heads, notations
from upready.support import spelling
from upready.support.errors import UsageError

ORDER = ("trace", "debug", "info", "warning", "error", "critical")

_ALIASES = {
    "trace": "trce trc trac finer finest silly",
    "debug": "dbug dbg debu verbose verb vrb fine config",
    "info": "inf notice note information informational log system http success",
    "warning": "warn wrn",
    "error": "err erro eror fail severe",
    "critical": "fatal crit alert emerg emergency panic dpanic ftl fata pnc pani",
}
_NAMES = {each: level for level in ORDER for each in (level, *_ALIASES[level].split())}

_NUMBERS = {100: "debug", 200: "info", 250: "info", 300: "warning", 400: "error", 500: "critical", 550: "critical"}
"""The numbers of Monolog. 10 to 69 are levels of pino and bunyan, and custom ones between these."""

_STEP = re.compile(r"[+-]?\d+$")
"""Go's `INFO+2`, Postgres' `DEBUG2`, Apache's `trace4`"""

_TRACE = re.compile(
    # Python's, Go's, Java's; Node's and .NET's have lines `at …` under the error's name, or a caret above it
    r"^(?:Traceback \(most recent call last\):|panic: |goroutine \d+ \[|Exception in "
    r"|(?:Unhandled exception\. |Uncaught )?[\w.$\\]*(?:Error|Exception|Throwable)\b.*\n"
    r"(?:Require stack:\n(?:- .*\n)+)?\s+at |[^\S\n]*\^+\n\n\S|\*\* \(\w[\w.]*\) .*\n\s+\()",
    re.MULTILINE,
)
_PANIC = re.compile(r"^(?:panic: |fatal error: |thread '.*' (?:\(\d+\) )?panicked at )", re.MULTILINE)


def name(value: object) -> str | None:
    """The level that a value in a JSON line names, in one of the usual spellings or numbers; None for none."""
    if isinstance(value, str):
        return _NAMES.get(value) or _NAMES.get(_STEP.sub("", value.strip().lower()))
    if isinstance(value, int) and not isinstance(value, bool):
        return ORDER[value // 10 - 1] if 10 <= value < 70 else _NUMBERS.get(value)
    return None


def detect(text: str) -> str | None:
    """The level of a plain text, by a word in its head or because it is a traceback; None where it has none."""
    line, _, rest = text[: heads.LONGEST].partition("\n")
    word = _word(line) or (heads.second(rest) if rest else None)
    found = None if word is None else name(word)
    if "\n" in text and found != "critical":
        if _PANIC.search(text):
            return "critical"
        # A warning with a traceback is still a warning.
        if (found is None or not at_least(found, "warning")) and _TRACE.search(text):
            return "error"
    return found


def at_least(level: str | None, threshold: str) -> bool:
    """Whether a level is a threshold or worse; false for None."""
    return level is not None and ORDER.index(level) >= ORDER.index(threshold)


def parse(text: str) -> str:
    """A level that a user typed.

    Raises:
        UsageError: There is no such level.
    """
    found = _NAMES.get(text.strip().lower())
    if found is None:
        raise UsageError(
            f"--level: there is no level {text!r}{spelling.meant(text, ORDER)}",
            details=[f"levels: {', '.join(ORDER)}"],
            next=f"invoke logs --level {spelling.closest(text, ORDER) or 'warning'}",
        )
    return found


def _word(line: str) -> str | None:
    """The level word of a line, or the level itself."""
    if "PHP " in line and (found := notations.read(line)):  # the server that passed it on has put its own level before
        return found
    return heads.usual(line) or notations.read(line) or heads.word(line)
