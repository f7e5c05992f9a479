"""The time that a program itself writes into a log line: a reader should see one time, not that and the engine's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from upready.logs.structured import TIME_KEYS

SECONDS = 3
"""How far the two times may lie apart and still be the same one; what a program held back longer shows both."""

_QUARTER = 15 * 60
"""Time zones differ by multiples of this many seconds: a program may write local time, the engine writes UTC."""

_COLOUR = r"(?:\x1b\[[\d;]*m)*"

_START = re.compile(
    # `2026-11-29 10:00:00.123 UTC [7] LOG:`, `10:00:00 INFO`, `[29-Nov-2026 10:00:00] NOTICE:`, `[10:00:00 ERR]`,
    # `time="2026-11-29T10:00:00Z" level=info`
    rf"{_COLOUR}(?P<key>(?:time|ts|timestamp)=)?(?P<opener>[\[\"]?)"
    r"(?:\d{4}[-/.]\d\d[-/.]\d\d[T ]|\d\d[-/](?:\d\d|[A-Z][a-z]{2})[-/]\d{4}[T ])?"
    r"\d\d:(?P<minute>[0-5]\d):(?P<second>[0-5]\d)(?:[.,]\d{1,9})?(?: ?Z| UTC| GMT| ?[+-]\d\d:?\d\d)?"
    rf"(?P<closer>[\]\"]?){_COLOUR}(?::?\s+(?:[|-]\s+)?|(?=\[))"
)

_FIRST = frozenset("0123456789[t\x1b")
"""With which a time may begin; most lines begin with something else."""

_CLOSERS = {("", ""), ("[", "]"), ("[", ""), ('"', '"')}


def without(text: str, time: str) -> str:
    """A line without the time that it begins with, if that is the engine's; else as it is.

    Args:
        text: What a program wrote.
        time: When the engine received it: RFC 3339, UTC.
    """
    match = _START.match(text) if text[:1] in _FIRST else None
    if (
        match is None
        or (match["opener"], match["closer"]) not in _CLOSERS
        or (match["opener"] == '"') > bool(match["key"])
    ):
        return text
    apart = int(match["minute"]) * 60 + int(match["second"]) - int(time[14:16]) * 60 - int(time[17:19])
    if not -SECONDS <= (apart + SECONDS) % _QUARTER - SECONDS <= SECONDS:
        return text
    bracket = "[" if match["opener"] == "[" and not match["closer"] else ""
    return bracket + text[match.end() :]


def of(fields: Mapping[str, Any]) -> str:
    """The time of day that the fields of a JSON line tell, in this machine's zone; empty where they tell none."""
    for key, value in fields.items():
        if key in TIME_KEYS and (moment := _moment(value)) is not None:
            return f"{moment:%H:%M:%S}"
    return ""


def _moment(value: object) -> datetime | None:
    """A time as loggers write it, in this machine's zone: a text in ISO 8601, or (milli)seconds since 1970.

    None for one that this zone does not have: a time that was never set is often the first second of the year 1.
    """
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value).astimezone()
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value > 10**11 else value, UTC).astimezone()
    except (ValueError, OverflowError, OSError):
        pass
    return None
