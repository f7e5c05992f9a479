"""The severity of a log entry: its names, their order, and how a text tells it."""

from __future__ import annotations

import re

from ops.errors import UsageError

ORDER = ("trace", "debug", "info", "warning", "error", "critical")

_NAMES = {
    **{name: name for name in ORDER},
    "verbose": "debug",
    "notice": "info",
    "information": "info",
    "log": "info",
    "warn": "warning",
    "err": "error",
    "severe": "error",
    "fatal": "critical",
    "crit": "critical",
    "alert": "critical",
    "emerg": "critical",
    "emergency": "critical",
    "panic": "critical",
}

_NUMBERS = {10: "trace", 20: "debug", 30: "info", 40: "warning", 50: "error", 60: "critical"}
"""pino's and bunyan's numbers: in JSON lines, numbers are theirs."""

_HEAD = 160
"""Characters at the start of a text among which a level is looked for: later, the word is part of the message."""

_UPPER = (
    "TRACE|DEBUG[1-5]?|VERBOSE|INFO|NOTICE|LOG|WARN(?:ING)?|ERR(?:OR)?|SEVERE|CRIT(?:ICAL)?|FATAL|ALERT|EMERG|PANIC"
)

_DETECT = re.compile(
    # `ERROR:`, `[WARN]`, `| INFO |`, `UTC [42] FATAL:  `, in capitals wherever a word stands alone
    rf"(?:^|[\s\[(|<])(?P<upper>{_UPPER})(?=[\s\]):|>,-]|$)"
    # logfmt: `level=warn`, `lvl="error"`
    rf"|\b(?:level|lvl|severity)=\"?(?P<logfmt>[A-Za-z]+)"
    # `error: …`, `npm warn …`, `[error]` in small letters: at the start or in brackets only
    rf"|^(?P<start>{_UPPER.lower()}):|^npm (?P<npm>{_UPPER.lower()})\b"
    rf"|\[(?P<bracket>{_UPPER.lower()})\]"
)

_TRACE = re.compile(
    # Python's, Go's, Java's; Node's and .NET's have lines `at …` under the error's name
    r"^(?:Traceback \(most recent call last\):|panic: |Exception in |[\w.]*(?:Error|Exception)\b.*\n\s+at )",
    re.MULTILINE,
)


def name(value: object) -> str | None:
    """The level that a JSON line's value names, in any of the usual spellings or pino's numbers; None for none."""
    if isinstance(value, str):
        return _NAMES.get(value) or _NAMES.get(value.strip().lower().rstrip("12345"))
    if isinstance(value, int) and not isinstance(value, bool):
        return _NUMBERS.get(value)
    return None


def detect(text: str) -> str | None:
    """The level that a plain text tells: by a word at its start or by being a traceback; None where it does not."""
    found = None
    if match := _DETECT.search(text[:_HEAD].split("\n", 1)[0]):
        found = name(next(group for group in match.groups() if group))
    if (found is None or not at_least(found, "error")) and _TRACE.search(text):
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
