"""One task at a time changes a project, and nothing that an earlier one has left to go on does meanwhile."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from upready.runtime.docker import continuation
from upready.runtime.docker.containers import Containers
from upready.runtime.interface import Runtime
from upready.support import lock, state, users
from upready.support.errors import LockedError

LOOK_EVERY = 0.5
"""Seconds between two tries of one who waits."""


def check(root: Path) -> None:
    """Make sure that no other task is at work on the project, for a dry run: nothing is held afterwards.

    Raises:
        LockedError: One is; the message names it.
    """
    lock.check(root)


@contextlib.contextmanager
def hold(root: Path, task: str, wait: float = 0.0) -> Iterator[None]:
    """Hold the project's lock while the block runs; what compose still starts for an earlier task is ended.

    Args:
        root: The project's folder.
        task: What holds it, as others are told: `invoke dev`.
        wait: Seconds to wait for another task to end.

    Raises:
        LockedError: Another task holds it; the message names that task, its process and since when.
        UsageError: There is no place for it, or what an earlier task left does not let itself be ended.
    """
    with contextlib.ExitStack() as held:
        deadline = time.monotonic() + wait
        while True:
            try:
                held.enter_context(lock.hold(root, task))
                break
            except LockedError:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(LOOK_EVERY)
        continuation.end(state.folder(root))
        yield


@contextlib.contextmanager
def on_engine(connected: Runtime, project: str, task: str, wait: float = 0.0) -> Iterator[bool]:
    """Hold the project's lock on the engine, too: it holds across machines, users and checkouts.

    Where there is no engine there is nobody else. Gives the block whether an earlier holder was ended at its work.

    Args:
        connected: Where the project runs.
        project: Compose's project name.
        task: What holds it, as others are told: `invoke dev`.
        wait: Seconds to wait for another task to end.

    Raises:
        LockedError: Another task holds it; the message names it.
        EngineError: The engine does not answer.
    """
    if not isinstance(connected, Containers):
        yield False
        return
    from upready.releases import engine_lock

    with engine_lock.hold(connected, project, task, users.name(), wait) as cut_off:
        yield cut_off
