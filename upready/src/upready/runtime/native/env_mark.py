"""Mark our processes with a variable in their environment, which every descendant inherits.

So a process is found even if it lost its parent, or if its supervisor was killed. A process that has got the PID of an
earlier one is not taken for ours.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from upready.runtime.native import paths
from upready.support import files, state

VARIABLE = "OPS_NATIVE_PROCESS"


@dataclass(frozen=True)
class Marker:
    """The service that a process belongs to.

    Attributes:
        service: The service.
        run: Distinguishes this start of the service from every other.
        root: The project's folder.
    """

    service: str
    run: str
    root: Path

    def __str__(self) -> str:
        # The folder comes last: its name may hold any character.
        return f"{self.service}|{self.run}|{self.root}"


def of(process: psutil.Process) -> Marker | None:
    """The marker of a process; None if it has none, has ended, or cannot be examined."""
    with contextlib.suppress(psutil.Error, OSError):
        service, first, rest = process.environ().get(VARIABLE, "").partition("|")
        run, second, root = rest.partition("|")
        if first and second:
            return Marker(service, run, Path(root))
    return None


def find(root: Path, service: str | None = None) -> Iterator[tuple[psutil.Process, Marker]]:
    """Every living process of a project, or of one of its services; never this process or its parents."""
    spared = {os.getpid()}
    with contextlib.suppress(psutil.Error):
        spared |= {each.pid for each in psutil.Process().parents()}
    roots = state.paths(root)
    for process in psutil.process_iter():
        if process.pid in spared:
            continue
        marker = of(process) or _untitled(process, root)
        if marker and marker.root in roots and service in (None, marker.service) and lives(process):
            yield process, marker


def _untitled(process: psutil.Process, root: Path) -> Marker | None:
    """The marker of a PostgreSQL process, found by its folder: its title overwrites its environment.

    Only a killed server leaves such processes behind, and only while they are at work on a query.
    """
    with contextlib.suppress(psutil.Error, OSError):
        if not process.name().startswith("postgres"):
            return None
        folder = Path(process.cwd())
        if folder.name == paths.DATA and folder.parent.parent == files.real(paths.native(root)):
            return Marker(folder.parent.name, "", root)
    return None


def lives(process: psutil.Process) -> bool:
    """Whether a process still runs: one that has ended and was not waited for (a zombie) does not."""
    with contextlib.suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
