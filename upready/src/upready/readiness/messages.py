"""The news of a project that is waited for, a message each."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from upready.runtime.interface import Container
from upready.support.errors import OpsError
from upready.support.http_probe import Probe

Run = tuple[str, datetime | None]
"""One run of a container: its id, and when it started. An answer of an earlier run says nothing about a later one."""


class Listed(NamedTuple):
    """Every container of the project. `request` is the number of the last `refresh` that came before."""

    ticket: int
    request: int
    containers: list[Container]


class Looked(NamedTuple):
    """One container; None when it is gone."""

    ticket: int
    id: str
    container: Container | None


class Happened(NamedTuple):
    """An event: the container's id and the engine's word (`die`, `oom`, `health_status: healthy`, …)."""

    ticket: int
    id: str
    action: str


class Answered(NamedTuple):
    """The answer of a replica to a probe."""

    run: Run
    answer: Probe


class Checked(NamedTuple):
    """The exit code of a container's health check that we ran."""

    run: Run
    code: int


class Permanent(NamedTuple):
    """Why waiting will not make a run ready, as (cause, reason), according to its log; None where waiting may help."""

    run: Run
    trouble: tuple[str, str] | None


class Wrote(NamedTuple):
    """The last line of a container's log."""

    id: str
    line: str


class Started(NamedTuple):
    """The start of the containers has ended; `error` tells why it failed."""

    error: Exception | None


class Refused(NamedTuple):
    """A service could not be started, and why; the start of the others goes on."""

    service: str
    error: OpsError


Message = Listed | Looked | Happened | Answered | Checked | Permanent | Wrote | Started | Refused
