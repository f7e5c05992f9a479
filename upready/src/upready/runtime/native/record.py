"""The record of a started service, in a file that only its supervisor writes.

A process is identified by PID and creation time, because PIDs are reused.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from upready.runtime.native import env_mark, paths
from upready.runtime.native.launch_plan import Plan
from upready.support import state

_UNKNOWN = 255
"""The exit code of a service whose end nobody saw."""

CLOCK_STEP = 2.0
"""Seconds by which the creation time of a process may seem to move when the clock is set."""


@dataclass(frozen=True)
class Identity:
    """A process, identified by PID and creation time (seconds since 1970), because PIDs are reused."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> Identity:
        """The identity of a process that is there.

        Raises:
            psutil.Error: It is not.
        """
        return cls(pid, psutil.Process(pid).create_time())


@dataclass(frozen=True)
class Record:
    """One start of a service.

    Attributes:
        plan: How it is run.
        run: Distinguishes this start from every other.
        fingerprint: The plan's, its variables included.
        supervisor: The process that keeps its log and exit code.
        process: The service's first process; None when its program could not be started.
        started: When, in seconds since 1970.
        finished: When its first process ended; None while it runs.
        exit_code: As a container's: 128 + N when signal N ended it. None while it runs.
        error: Why its program could not be started.
    """

    plan: Plan
    run: str
    fingerprint: str
    supervisor: Identity
    started: float
    process: Identity | None = None
    finished: float | None = None
    exit_code: int | None = None
    error: str = ""

    @property
    def ended(self) -> bool:
        """Whether it has ended, or could not be started."""
        return self.exit_code is not None or bool(self.error)

    @property
    def unseen(self) -> bool:
        """Whether it has ended and nobody saw how."""
        return self.exit_code == _UNKNOWN and self.finished == self.started

    def write(self, folder: Path) -> None:
        """Put the record into a service's folder, whole or not at all."""
        content = {
            **{name: value for name, value in vars(self).items() if name not in ("plan", "supervisor", "process")},
            "plan": self.plan.as_dict(),
            "supervisor": vars(self.supervisor),
            "process": vars(self.process) if self.process else None,
        }
        state.write(folder / paths.RECORD, content)


def read(place: Path) -> Record | None:
    """The record in a service's folder; None if there is none, or it is not valid."""
    # A file that was cut off, or written by another version, is not valid: the processes are found by their marker.
    with contextlib.suppress(ValueError, KeyError, TypeError, OverflowError, OSError):
        content = state.read(place / paths.RECORD)
        if content["plan"]["service"] != place.name:
            return None
        process, finished, code = (content[name] for name in ("process", "finished", "exit_code"))
        return Record(
            plan=Plan.from_dict(content["plan"]),
            run=str(content["run"]),
            fingerprint=str(content["fingerprint"]),
            supervisor=_identity(content["supervisor"]),
            started=_moment(content["started"]),
            process=_identity(process) if process else None,
            finished=None if finished is None else _moment(finished),
            exit_code=None if code is None else _whole(code),
            error=str(content["error"]),
        )
    return None


def _identity(content: Any) -> Identity:
    pid = _whole(content["pid"])
    if not 0 < pid < 1 << 31:
        raise ValueError(pid)
    return Identity(pid, _moment(content["created"]))


def _moment(value: Any) -> float:
    """A valid time in seconds since 1970."""
    if type(value) not in (int, float) or not math.isfinite(value):
        raise TypeError(value)
    datetime.fromtimestamp(value, UTC)
    return float(value)


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(value)
    return value


def alive(root: Path, identity: Identity | None, run: str) -> psutil.Process | None:
    """The process with an identity, if it lives and belongs to this run and this project.

    Its marker decides if it can be read, because it is exact; else the creation time decides.
    """
    if identity is None:
        return None
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(identity.pid)
        found = env_mark.of(process) or _of_parent(process)
        same = _ours(root, run, found) if found else abs(process.create_time() - identity.created) < CLOCK_STEP
        if same and env_mark.lives(process):
            return process
    return None


def _of_parent(process: psutil.Process) -> env_mark.Marker | None:
    """The marker of a process's supervisor: that one can be read also where another user's cannot (PostgreSQL's)."""
    with contextlib.suppress(psutil.Error):
        parent = process.parent()
        return env_mark.of(parent) if parent else None
    return None


def _ours(root: Path, run: str, found: env_mark.Marker) -> bool:
    """Whether a marker belongs to a run; a copied record names the run of another project."""
    return found.run == run and (found.root == root or found.root in state.paths(root))


def settled(root: Path, place: Path) -> Record | None:
    """The record, corrected: if the supervisor was killed before it wrote the service's end, an end is added."""
    found = read(place)
    if found is None or found.ended or any(alive(root, each, found.run) for each in (found.process, found.supervisor)):
        return found
    # The supervisor may have written the end, and ended, since the record was read.
    again = read(place)
    if again is None or again.ended or again.run != found.run:
        return again
    # As the engine says about a container that ended while the engine was not running.
    return replace(found, exit_code=_UNKNOWN, finished=found.started)
