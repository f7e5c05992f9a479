"""Errors of the services that this one calls, and the meaning of an error of the model's provider."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RETRY_AFTER_LIMIT = 3600  # seconds; a longer time that a provider names is ignored

KINDS = {
    400: "rejected",
    401: "key-rejected",
    402: "no-credits",
    403: "key-rejected",
    404: "model-unknown",
    408: "timeout",
    413: "rejected",
    422: "rejected",
    429: "rate-limited",
}

# "x is not a valid model ID", "The model `x` does not exist", … but not "This model's maximum context length is …".
NO_SUCH_MODEL = re.compile(
    r"not a valid model|model_not_found|(?:unknown|no such) model|invalid model (?:id|name)"
    r"|\bmodel\b.{0,250}?\b(?:not found|(?:does|did) not exist)",
    re.IGNORECASE | re.DOTALL,
)


class ValidatorUnavailableError(Exception):
    """The MCP server cannot be reached, does not answer in time, or answers something that is not MCP."""


class ValidatorRefusedError(Exception):
    """The MCP server answered, but could not validate this diagram (it is busy, or its parser stopped)."""


class DatabaseUnavailableError(Exception):
    """The database does not answer, refuses, or cannot be migrated. The message says why, and contains no secret."""


class RevisionConflictError(Exception):
    """Somebody else made a newer revision.

    Attributes:
        newest: The number of that revision.
    """

    def __init__(self, newest: int) -> None:
        super().__init__(f"the newest revision is {newest}")
        self.newest = newest


class CallerGoneError(Exception):
    """The caller closed the connection before there was an answer."""


@dataclass
class WriterError(Exception):
    """The model gave no usable answer.

    Attributes:
        kind: `key-rejected`, `no-credits`, `model-unknown`, `rejected`, `rate-limited`, `timeout`, `unavailable`,
            `refused`, `no-diagram`, `empty`; or of this service itself: `busy`, `budget-spent`, `uncounted`.
        reason: The message of the provider, shortened, without secrets.
        retry_after: Seconds to wait, if known.
    """

    kind: str
    reason: str
    retry_after: int | None = field(default=None)

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}"


def writer_kind(code: object, message: str) -> str:
    """The kind of `WriterError` for an error of the provider. The code is an HTTP status, or anything else."""
    number = int(code) if isinstance(code, int) or (isinstance(code, str) and code.isdecimal()) else 0
    found = KINDS.get(number, "unavailable")
    return "model-unknown" if found == "rejected" and NO_SUCH_MODEL.search(message[:2000]) else found


def retry_after(value: str | None) -> int | None:
    """Seconds to wait, from the header `Retry-After` (a number or a date); None if it is missing or invalid."""
    try:
        seconds = float(value or "")
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value or "") - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    if not 0 < seconds <= RETRY_AFTER_LIMIT:
        return None
    return max(1, round(seconds))
