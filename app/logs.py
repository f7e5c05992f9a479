"""Logging of the whole process, including uvicorn: one JSON object per line, or text for people.

The configuration is `logging.json`. uvicorn gets it too (`UVICORN_LOG_CONFIG` in the image), since its parent process
never imports the application. So this module imports little, and reads LOG_FORMAT itself.
"""

from __future__ import annotations

import json
import logging
import logging.config
import os
import re
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

if TYPE_CHECKING:
    from app.settings import Settings

request_id: ContextVar[str] = ContextVar("request_id", default="")

REQUEST_ID_HEADER = "X-Request-ID"

CONFIG = Path(__file__).with_name("logging.json")
CONTROLS = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]")
TEXT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def _unmasked(text: str) -> str:
    return text


_mask: Callable[[str], str] = _unmasked


class _Json(JsonFormatter):
    """One JSON object per line: time, level, logger, message, the fields of `extra`, and a traceback."""

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger", "exc_info": "traceback"},
            reserved_attrs=[*RESERVED_ATTRS, "color_message"],
            json_ensure_ascii=False,
        )

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")

    def format(self, record: logging.LogRecord) -> str:
        return _mask(super().format(record))


class _Text(logging.Formatter):
    """One line of text, with the fields of `extra` as key=value at its end."""

    def __init__(self) -> None:
        super().__init__(TEXT, datefmt="%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        known = {*RESERVED_ATTRS, "color_message", "message", "asctime"}
        fields = [f"{key}={value}" for key, value in record.__dict__.items() if key not in known]
        # The text of a caller may contain line breaks and colour codes. It must not look like other lines of this log.
        return CONTROLS.sub(lambda found: repr(found[0])[1:-1], " ".join([super().formatMessage(record), *fields]))

    def format(self, record: logging.LogRecord) -> str:
        return _mask(super().format(record))


class RequestIdFilter(logging.Filter):
    """Adds the id of the current request to every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Accept every record, and set its `request_id`."""
        if current := request_id.get():
            record.request_id = current
        return True


def formatter() -> logging.Formatter:
    """The formatter that LOG_FORMAT asks for."""
    return _Text() if os.environ.get("LOG_FORMAT") == "text" else _Json()


def configure(settings: Settings | None) -> None:
    """Configure the logging of this process: its level and its masking. `settings` is None if they are invalid."""
    global _mask  # noqa: PLW0603 - one per process, like logging itself
    logging.config.dictConfig(json.loads(CONFIG.read_text(encoding="utf-8")))
    if settings is not None:
        _mask = settings.mask
        logging.getLogger("app").setLevel(settings.log_level)
