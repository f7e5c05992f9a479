"""One log entry: its time, replica and stream, and level, message and fields from its text.

The text is parsed only when needed: not to show plain lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from upready.logs import levels, structured
from upready.support import units

if TYPE_CHECKING:
    from upready.schemas import running
    from upready.secrets.masking import Mask

STREAMS = {1: "stdout", 2: "stderr"}
"""The engine's numbers. A third one is for errors of the engine itself."""

COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
"""A colour sequence (SGR, ECMA-48 8.3.117)."""


@dataclass(frozen=True, eq=False)
class Origin:
    """Where lines come from: one replica of a service.

    Attributes:
        service: The service.
        replica: Its number, from 1.
        key: Unique, also among earlier replicas of the same number: the id of a container.
    """

    service: str
    replica: int
    key: str

    @property
    def label(self) -> str:
        """The service, with its number from the second replica on."""
        return units.replica(self.service, self.replica)


class Parsed(NamedTuple):
    """The properties of `Entry` that come from its text. `structured` is true for a JSON log line."""

    level: str | None
    message: str
    fields: Mapping[str, Any]
    structured: bool


@dataclass(slots=True, eq=False)
class Entry:
    """One log entry: a line, or several that belong together, such as a traceback.

    Attributes:
        time: When the engine received its first line: RFC 3339, UTC, nine digits of a second; sorts as text.
        origin: The replica that wrote it.
        stream: 1 for stdout, 2 for stderr.
        text: As written, without the last line end.
    """

    time: str
    origin: Origin
    stream: int
    text: str
    _parsed: Parsed | None = None

    @property
    def level(self) -> str | None:
        """trace, debug, info, warning, error or critical; None where the text does not tell."""
        return self.parsed.level

    @property
    def message(self) -> str:
        """The message of a JSON line; else the text without colours."""
        return self.parsed.message

    @property
    def fields(self) -> Mapping[str, Any]:
        """The other fields of a JSON line."""
        return self.parsed.fields

    @property
    def parsed(self) -> Parsed:
        """Level, message and fields."""
        if self._parsed is None:
            self._parsed = parse(self.text)
        return self._parsed

    def as_dict(self) -> running.LogLine:
        """The entry in the form of the JSON contract."""
        return {
            "time": self.time,
            "service": self.origin.service,
            "replica": self.origin.replica,
            "stream": STREAMS.get(self.stream, "stderr"),
            "level": self.level,
            "message": self.message,
            "fields": self.fields,
        }


def masked(entry: Entry, mask: Mask) -> Entry:
    """An entry without secrets: JSON may write them with escapes, and colours may stand between their letters."""
    level, message, fields, structured = entry.parsed
    parsed = Parsed(level, mask.text(message), mask.value(fields), structured)
    return Entry(entry.time, entry.origin, entry.stream, mask.text(entry.text), parsed)


def parse(text: str) -> Parsed:
    """Level, message and fields of a text. A JSON object is a log line only if it has a message or a level."""
    if text.startswith("{") and (found := _object(text)) is not None:
        message = level = None
        for key in structured.MESSAGE_KEYS:
            if type(value := found.get(key)) is str:
                message = value
                del found[key]
                break
        for key in structured.LEVEL_KEYS:
            if key in found and (level := levels.name(found[key])) is not None:
                del found[key]
                break
        if level is None or message is None:
            level, message = structured.rarer(found, level, message)
        if message is not None or level is not None:
            return Parsed(level, message or "", found, True)
    message = plain(text)
    return Parsed(levels.detect(message), message, {}, False)


def plain(text: str) -> str:
    """A text without colour sequences and carriage returns at line ends."""
    if "\x1b" in text:
        text = COLOUR.sub("", text)
    return re.sub(r"\r+$", "", text, flags=re.MULTILINE) if "\r" in text else text


def _refuse(constant: str) -> None:
    """NaN and Infinity are not JSON, so they must not come into our output."""
    raise ValueError(constant)


# `decode` would run two regular expressions around this scanner.
_scan = json.JSONDecoder(parse_constant=_refuse).scan_once  # type: ignore[attr-defined]


def _object(text: str) -> dict[str, Any] | None:
    """A text as a JSON object; None where it is something else."""
    try:
        found, end = _scan(text, 0)
    except (ValueError, StopIteration, RecursionError):
        return None
    return found if isinstance(found, dict) and (end == len(text) or not text[end:].strip()) else None
