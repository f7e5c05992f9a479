"""How the services that this one calls can fail."""

from __future__ import annotations

from dataclasses import dataclass, field


class ValidatorUnavailableError(Exception):
    """The MCP server cannot be reached, does not answer in time, or answers something that is not MCP."""


class ValidatorRefusedError(Exception):
    """The MCP server answered, but could not judge this diagram (it is busy, or its parser gave up)."""


class DatabaseUnavailableError(Exception):
    """The database does not answer, refuses, or cannot be migrated; the message says why and holds no secret."""


class RevisionConflictError(Exception):
    """Somebody else made a newer revision.

    Attributes:
        newest: Its number.
    """

    def __init__(self, newest: int) -> None:
        super().__init__(f"the newest revision is {newest}")
        self.newest = newest


class CallerGoneError(Exception):
    """Whoever asked has gone before there was an answer."""


@dataclass
class WriterError(Exception):
    """The model gave no usable answer.

    Attributes:
        kind: `key-rejected`, `no-credits`, `model-unknown`, `rejected`, `rate-limited`, `timeout`, `unavailable`,
            `refused`, `no-diagram`, `empty`; or of this service itself: `busy`, `budget-spent`, `uncounted`.
        reason: What the provider said, shortened, without secrets.
        retry_after: Seconds to wait, where somebody knows.
    """

    kind: str
    reason: str
    retry_after: int | None = field(default=None)

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}"
