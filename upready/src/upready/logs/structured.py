"""JSON log lines: the keys of level and message, as the usual loggers name them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from upready.logs import levels
from upready.logs.notations import SEVERITIES

TIME_KEYS = frozenset(["time", "timestamp", "ts", "@timestamp", "asctime", "datetime", "@t", "Timestamp"])
LEVEL_KEYS = ("level", "levelname", "severity", "log.level", "lvl", "loglevel")
MESSAGE_KEYS = ("message", "msg", "event")
"""The usual names of time, level and message, the most usual first (pino, zap, structlog, ECS, …)."""

RARER_LEVELS = (
    "LogLevel",
    "Level",
    "level_name",
    "levelName",
    "log_level",
    "logLevel",
    "severityText",
    "severity_text",
    "L",
)
"""Rarer names of the level: of .NET, Serilog, Monolog, OpenTelemetry, and of zap in development."""
RARER_MESSAGES = ("Message", "RenderedMessage", "MessageTemplate", "short_message", "body", "text", "M")
"""Rarer names of the message. They count only beside a level: other objects have them, too."""

_MONGO = {"F": "critical", "E": "error", "W": "warning", "I": "info", "D": "debug"}
_HOLE = re.compile(r"\{[@$]?(\w+)(?:[,:][^{}]*)?\}")


def rarer(found: dict[str, Any], level: str | None, message: str | None) -> tuple[str | None, str | None]:
    """Level and message of a JSON object that has at most one of them under a usual name; removes them from it.

    Args:
        found: The object, without the keys that were found.
        level: The level that was found; None for none.
        message: The message that was found; None for none.
    """
    level = level or _rarer_level(found, message)
    if message is None and level is not None:
        message = _rarer_message(found)
    return level, message


def _rarer_level(found: dict[str, Any], message: str | None) -> str | None:
    """The level in the notation of one logger."""
    if "@t" in found and ("@m" in found or "@mt" in found):  # Serilog's compact one leaves `Information` out
        return levels.name(found.pop("@l", "info"))
    for key in RARER_LEVELS:
        if key in found and (level := levels.name(found[key])) is not None:
            del found[key]
            return level
    record, log = found.get("record"), found.get("log")
    if isinstance(record, dict) and isinstance(record.get("level"), dict) and "text" in found:  # loguru
        return levels.name(record["level"].get("name"))
    if isinstance(log, dict) and "level" in log:  # ECS, as objects
        return levels.name(log["level"])
    return _lettered(found) if message is not None else _numbered(found)


def _lettered(found: dict[str, Any]) -> str | None:
    """The level of MongoDB: a letter."""
    level = _MONGO.get(str(found.get("s"))[:1]) if "ctx" in found else None
    if level is not None:
        del found["s"]
    return level


def _numbered(found: dict[str, Any]) -> str | None:
    """The level of journald and GELF: syslog's number, beside the name that only they give to the message."""
    key = "PRIORITY" if "MESSAGE" in found else "level" if "short_message" in found else ""
    number = str(found.get(key))
    if len(number) == 1 and number in "01234567":
        del found[key]
        return SEVERITIES[int(number)]
    return None


def _rarer_message(found: dict[str, Any]) -> str | None:
    """The message in the notation of one logger; called only where there is a level."""
    if type(found.get("@m")) is str:
        return str(found.pop("@m"))
    if type(found.get("@mt")) is str:
        return _rendered(found.pop("@mt"), found)
    record = found.get("record")
    if isinstance(record, dict) and type(record.get("message")) is str:
        return str(record["message"])
    for key in (*RARER_MESSAGES, "MESSAGE"):
        if type(found.get(key)) is str:
            message = found.pop(key)
            return _rendered(message, found.get("Properties")) if key == "MessageTemplate" else str(message)
    return None


def _rendered(template: str, values: object) -> str:
    """A message template with its values filled in; a `{name}` without a value stays."""
    known = values if isinstance(values, Mapping) else {}
    return _HOLE.sub(lambda hole: str(known.get(hole[1], hole[0])), template)
