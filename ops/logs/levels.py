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

# Several expressions, not one: each begins with letters, for which Python's search is ten times as quick.
_CAPITALS = re.compile(rf"(?:{_UPPER})(?=[\s\]):|>,-]|$)")
"""`ERROR:`, `[WARN]`, `| INFO |`, `UTC [42] FATAL:  `: in capitals wherever a word stands alone."""
_BEFORE = "[(|<"
_LOGFMT = re.compile(r"\b(?:level|lvl|severity)=\"?([A-Za-z]+)")
"""`level=warn`, `lvl="error"`"""
_START = re.compile(rf"({_UPPER.lower()}):|npm ({_UPPER.lower()})\b")
_BRACKET = re.compile(rf"\[({_UPPER.lower()})\]")
"""`error: …`, `npm warn …`, `[error]`: in small letters at the start or in brackets only."""

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
    word = _word(text[:_HEAD].split("\n", 1)[0])
    found = None if word is None else name(word)
    if (found is None or not at_least(found, "error")) and _TRACE.search(text):
        return "error"
    return found


def _word(head: str) -> str | None:
    """The first word of a line's start that tells its level."""
    at = len(head)
    word: str | None = None
    for capitals in _CAPITALS.finditer(head):
        before = head[max(capitals.start() - 1, 0) : capitals.start()]
        if not before or before.isspace() or before in _BEFORE:
            at, word = capitals.start() - len(before), capitals[0]
            break
    if "=" in head and (match := _LOGFMT.search(head)) and match.start() < at:
        at, word = match.start(), match[1]
    if at and (match := _START.match(head)):
        at, word = 0, match[1] or match[2]
    if "[" in head and (match := _BRACKET.search(head)) and match.start() < at:
        word = match[1]
    return word


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
