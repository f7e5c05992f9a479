"""One log entry: when, which replica, which stream, and what its text says: level, message, fields.

The text is parsed only when asked for; showing plain lines never does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from upready.logs import levels, structured

STREAMS = {1: "stdout", 2: "stderr"}
"""The engine's numbers; it also has a third, for its own errors."""

COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
"""A colour sequence (SGR, ECMA-48 8.3.117)."""


@dataclass(frozen=True, eq=False)
class Origin:
    """Where lines come from: one replica of a service.

    Attributes:
        service: The service.
        replica: Its number, from 1.
        key: What tells it from every other one, earlier ones of the same number included: a container's id.
    """

    service: str
    replica: int
    key: str

    @property
    def label(self) -> str:
        """The service, with its number from the second replica on."""
        return self.service if self.replica == 1 else f"{self.service}-{self.replica}"


class Parsed(NamedTuple):
    """What a text says: see the properties of `Entry`; `structured` tells a JSON log line."""

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
        """trace, debug, info, warning, error or critical; None where the text does not say."""
        return self.parsed.level

    @property
    def message(self) -> str:
        """What a JSON line has as its message; else the text, without colours."""
        return self.parsed.message

    @property
    def fields(self) -> Mapping[str, Any]:
        """Whatever else a JSON line holds."""
        return self.parsed.fields

    @property
    def parsed(self) -> Parsed:
        """What the text says."""
        if self._parsed is None:
            self._parsed = parse(self.text)
        return self._parsed

    def as_dict(self) -> dict[str, Any]:
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


def parse(text: str) -> Parsed:
    """What a text says.

    A JSON object that has a message or a level is a log line; any other is a text that happens to be JSON.
    """
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
    """NaN and Infinity are no JSON, and would not be in ours."""
    raise ValueError(constant)


# The scanner in C alone: `decode` runs two regular expressions around it.
_scan = json.JSONDecoder(parse_constant=_refuse).scan_once  # type: ignore[attr-defined]


def _object(text: str) -> dict[str, Any] | None:
    """The JSON object that a text is; None where it is something else."""
    try:
        found, end = _scan(text, 0)
    except (ValueError, StopIteration, RecursionError):
        return None
    return found if isinstance(found, dict) and (end == len(text) or not text[end:].strip()) else None
