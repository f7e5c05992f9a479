"""Describe a native service as a `Container`."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from upready.runtime import host_ports
from upready.runtime.interface import Container
from upready.runtime.native import record, service
from upready.runtime.native.launch_plan import Plan
from upready.runtime.native.record import Record

_SKELETON: dict[str, Any] = {"Config": {}, "HostConfig": {}, "State": {}, "Mounts": [], "NetworkSettings": {}}
"""Empty places for what only an engine knows."""


def started(root: Path, found: Record, health: str, said: str) -> Container:
    """A service that was started.

    Args:
        root: The project's folder.
        found: The record of its last start.
        health: As a health check would say; empty if the service has none.
        said: The output of that check.
    """
    state = "created" if found.error else "running" if service.runs(found) else "exited"
    finished = datetime.fromtimestamp(found.finished, UTC) if found.finished else None
    return Container(
        id=f"{found.plan.service}.{found.run}",
        name=_name(found.plan),
        service=found.plan.service,
        replica=1,
        image=_program(root, found),
        state=state,
        health=health,
        probes=((1, said),) if said else (),
        exit_code=found.exit_code,
        oom_killed=False,
        error=found.error or (service.full(root, found.plan.service) if found.unseen else ""),
        restarts=0,
        started=datetime.fromtimestamp(found.started, UTC),
        finished=finished,
        ports=found.plan.ports,
        files=found.plan.files,
        profiles=found.plan.profiles,
        raw=_SKELETON,
    )


def planned(plan: Plan) -> Container:
    """A service that is about to be started."""
    return Container(
        id=f"{plan.service}.planned",
        name=_name(plan),
        service=plan.service,
        replica=1,
        image="",
        state="created",
        health="",
        probes=(),
        exit_code=None,
        oom_killed=False,
        error="",
        restarts=0,
        started=None,
        finished=None,
        raw=_SKELETON,
    )


def _program(root: Path, found: Record) -> str:
    """The program of a service's first process; it may have replaced itself by another program."""
    first = record.alive(root, found.process, found.run)
    with contextlib.suppress(psutil.Error):
        return host_ports.program(first) if first else Path(found.plan.command[0]).name
    return ""


def _name(plan: Plan) -> str:
    """The name that compose would give its container."""
    return f"{plan.project}-{plan.service}-1"
