"""What a diagnosis comes to: one replica's story."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from upready.support.errors import OpsError


@dataclass(frozen=True)
class Finding:
    """What a cause says when it has recognised itself.

    Attributes:
        cause: One word for scripts: port, permission, variable, …
        message: What is wrong, as the rest of a sentence that begins with the service's name.
        next: What to do about it, as a command where there is one.
        evidence: What it was told by, beyond the log: a line each.
        blames: The other service whose fault it is, where it is one's.
    """

    cause: str
    message: str
    next: str
    evidence: Sequence[str] = ()
    blames: str | None = None


@dataclass(frozen=True)
class Failure:
    """One replica's story: one word for scripts, a sentence, the evidence, the next step, and all that is known.

    Attributes:
        service: The service.
        replica: Its number, from 1.
        cause: What went wrong, in one word; `none` where nothing did.
        message: What went wrong, in a sentence.
        evidence: The error picked out of the log, else its last lines; and what else the cause was told by.
        next: What to do about it.
        facts: State, exit code, health checks, memory, log, … as in the JSON document.
        blames: The other service whose fault it is, where it is one's.
        kind: What a task ends with because of it, where compose or the engine refused.
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
        return self.service if self.replica == 1 else f"{self.service}-{self.replica}"

    def as_dict(self) -> dict[str, Any]:
        """The failure as it stands in the JSON documents of `dev`, `prod` and `diagnose`."""
        return {
            "service": self.service,
            "replica": self.replica,
            "cause": self.cause,
            "message": self.message,
            "evidence": self.evidence,
            "next": self.next,
            "facts": dict(self.facts),
        }
