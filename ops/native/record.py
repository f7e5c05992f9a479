"""What is remembered of a service that was started, in one file each, which its supervisor alone writes.

A process is known by its number and its time of creation, for the system gives numbers again.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from ops import platform
from ops.native import marker
from ops.native.plan import Plan

FILE = "state.json"

CLOCK_STEP = 2.0
"""Seconds by which a process's time of creation may seem to have moved: it is reckoned from a clock that is set."""


@dataclass(frozen=True)
class Identity:
    """A process: its number, and when it was created, in seconds since 1970, for numbers are given again."""

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
        run: What tells this start from every other one.
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

    def write(self, folder: Path) -> None:
        """Put the record into a service's folder, whole or not at all."""
        content = {
            **{name: value for name, value in vars(self).items() if name not in ("plan", "supervisor", "process")},
            "plan": self.plan.as_dict(),
            "supervisor": vars(self.supervisor),
            "process": vars(self.process) if self.process else None,
        }
        text = json.dumps(content, indent=1)
        platform.patiently(lambda: platform.write_private(folder / FILE, text))


def read(place: Path) -> Record | None:
    """The record in a service's folder; None when there is none, or it cannot be understood."""
    # A file that was cut, or written by another version, tells nothing: the processes are found by their marker.
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        content: Mapping[str, Any] = json.loads(platform.patiently(lambda: (place / FILE).read_text("utf-8")))
        process = content["process"]
        return Record(
            plan=Plan.from_dict(content["plan"]),
            run=str(content["run"]),
            fingerprint=str(content["fingerprint"]),
            supervisor=Identity(**content["supervisor"]),
            started=float(content["started"]),
            process=Identity(**process) if process else None,
            finished=content["finished"],
            exit_code=content["exit_code"],
            error=str(content["error"]),
        )
    return None


def alive(identity: Identity | None, run: str) -> psutil.Process | None:
    """The process of that identity, if it lives and is the one of that run.

    Its marker decides where it can be read: it is exact. Elsewhere the time of creation does.
    """
    if identity is None:
        return None
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(identity.pid)
        found = marker.of(process)
        same = found.run == run if found else abs(process.create_time() - identity.created) < CLOCK_STEP
        if same and marker.lives(process):
            return process
    return None


def settled(place: Path) -> Record | None:
    """What `read` finds, as it is in truth: one whose supervisor was killed before it wrote the end gets an end."""
    found = read(place)
    if found is None or found.ended or any(alive(each, found.run) for each in (found.process, found.supervisor)):
        return found
    # Its supervisor may have written the end, and ended, since it was read.
    again = read(place)
    if again is None or again.ended or again.run != found.run:
        return again
    # As the engine says of a container that ended while the engine was not there.
    return replace(found, exit_code=255, finished=found.started)
