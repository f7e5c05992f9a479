"""What is seen of a project while it is waited for: one message for each piece of news."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from upready.runtime.interface import Container
from upready.support.errors import OpsError
from upready.support.http_probe import Probe

Run = tuple[str, datetime | None]
"""One run of a container: its id, and when it started. What an earlier run answered says nothing of this one."""


@dataclass(frozen=True)
class Listed:
    """Every container of the project, as the engine describes it. `request` tells which `refresh` it answers."""

    ticket: int
    request: int
    containers: list[Container]


@dataclass(frozen=True)
class Looked:
    """One container; None when it is gone."""

    ticket: int
    id: str
    container: Container | None


@dataclass(frozen=True)
class Happened:
    """An event: the container's id and the engine's word (`die`, `oom`, `health_status: healthy`, …)."""

    ticket: int
    id: str
    action: str


@dataclass(frozen=True)
class Answered:
    """A replica's answer to a probe."""

    run: Run
    answer: Probe


@dataclass(frozen=True)
class Checked:
    """How a container's health check ended, which we have run: its exit code."""

    run: Run
    code: int


@dataclass(frozen=True)
class Permanent:
    """What the log of a run tells: why no waiting will make it ready, as (cause, reason); None where it may."""

    run: Run
    trouble: tuple[str, str] | None


@dataclass(frozen=True)
class Wrote:
    """The last line of a container's log."""

    id: str
    line: str


@dataclass(frozen=True)
class Started:
    """The start of the containers has ended, or failed."""

    error: Exception | None


@dataclass(frozen=True)
class Refused:
    """A service could not be started, and why; the others go on."""

    service: str
    error: OpsError


Message = Listed | Looked | Happened | Answered | Checked | Permanent | Wrote | Started | Refused
