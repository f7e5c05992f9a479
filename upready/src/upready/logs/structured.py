"""JSON log lines: which of an object's keys are the level and the message, as the usual loggers name them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from upready.logs import levels
from upready.logs.notations import SEVERITIES

TIME_KEYS = frozenset(["time", "timestamp", "ts", "@timestamp", "asctime", "datetime", "@t", "Timestamp"])
LEVEL_KEYS = ("level", "levelname", "severity", "log.level", "lvl", "loglevel")
MESSAGE_KEYS = ("message", "msg", "event")
"""What loggers call these three in a JSON line, the more usual first (pino, zap, structlog, ECS, …)."""

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
"""… .NET's, Serilog's, Monolog's, OpenTelemetry's, zap's in development; looked for where no usual one stands."""
RARER_MESSAGES = ("Message", "RenderedMessage", "MessageTemplate", "short_message", "body", "text", "M")
"""… which make a line of a log only beside a level: other objects have them, too."""

_MONGO = {"F": "critical", "E": "error", "W": "warning", "I": "info", "D": "debug"}
_HOLE = re.compile(r"\{[@$]?(\w+)(?:[,:][^{}]*)?\}")


def rarer(found: dict[str, Any], level: str | None, message: str | None) -> tuple[str | None, str | None]:
    """The level and the message of a JSON object that lacks one under the usual keys; they are taken out of it.

    Args:
        found: The object, without what was found already.
        level: The level that was found; None for none.
        message: The same of the message.
    """
    level = level or _rarer_level(found, message)
    if message is None and level is not None:
        message = _rarer_message(found)
    return level, message


def _rarer_level(found: dict[str, Any], message: str | None) -> str | None:
    """The level in a notation of one logger's own."""
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
    """MongoDB's level: a letter."""
    level = _MONGO.get(str(found.get("s"))[:1]) if "ctx" in found else None
    if level is not None:
        del found["s"]
    return level


def _numbered(found: dict[str, Any]) -> str | None:
    """The level of journald and GELF: syslog's number, beside a message that only they call so."""
    key = "PRIORITY" if "MESSAGE" in found else "level" if "short_message" in found else ""
    number = str(found.get(key))
    if len(number) == 1 and number in "01234567":
        del found[key]
        return SEVERITIES[int(number)]
    return None


def _rarer_message(found: dict[str, Any]) -> str | None:
    """The message in a notation of one logger's own; only where there is a level."""
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
    """A message template with the values in its holes; a hole without a value stays."""
    known = values if isinstance(values, Mapping) else {}
    return _HOLE.sub(lambda hole: str(known.get(hole[1], hole[0])), template)
