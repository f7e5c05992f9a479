"""The result of a diagnosis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from upready.support import units
from upready.support.errors import OpsError

if TYPE_CHECKING:
    from upready.schemas import parts


@dataclass(frozen=True)
class Finding:
    """What a rule says when it has recognised its cause.

    Attributes:
        message: What is wrong, as the rest of a sentence that begins with the service's name.
        next: What to do about it, as a command where there is one.
        evidence: The lines that prove it, beyond the log.
        blames: The other service that is at fault; None where none is.
        cause: One word for scripts: port, permission, variable, …; empty for the usual word of the rule.
    """

    message: str
    next: str = ""
    evidence: Sequence[str] = ()
    blames: str | None = None
    cause: str = ""


@dataclass(frozen=True)
class Failure:
    """Why one replica is not ready.

    Attributes:
        service: The service.
        replica: Its number, from 1.
        cause: What went wrong, in one word; `none` where nothing did.
        message: What went wrong, in a sentence.
        evidence: The lines that prove it, then the error from the log, or else the last lines of the log.
        next: What to do about it.
        facts: State, exit code, health checks, memory, log, … as in the JSON document.
        blames: The other service that is at fault; None where none is.
        kind: The class of error that a task ends with, where compose or the engine refused; else None.
    """

    service: str
    replica: int
    cause: str
    message: str
    evidence: list[str]
    next: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    blames: str | None = None
    kind: type[OpsError] | None = None

    @property
    def name(self) -> str:
        """The service, with its number from the second replica on."""
        return units.replica(self.service, self.replica)

    def as_dict(self) -> parts.Failure:
        """The failure as it stands in the JSON documents of `dev`, `prod` and `diagnose`."""
        return {
            "service": self.service,
            "replica": self.replica,
            "cause": self.cause,
            "message": self.message,
            "evidence": self.evidence,
            "next": self.next,
            "facts": cast("parts.Facts", dict(self.facts)),
        }
