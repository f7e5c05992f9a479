"""Let compose finish a start that a task has stopped waiting for.

A failure elsewhere, or the time limit, ends the wait. But a service that only waits for its dependency is still started
once that is healthy, as with plain `up --detach`. Compose does this in a process of its own, for the services that are
left. The process is remembered, so that the next task that changes the stack ends it first.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from upready.stack import compose
from upready.stack.selection import Stack
from upready.support import platform, process, shell_words, state
from upready.support.errors import UsageError
from upready.support.next_step import AGAIN

if TYPE_CHECKING:
    import psutil

FILE = "continuation.json"
"""In the state folder: the process, by its PID and the time when it was made."""

LOG = "continuation.log"
"""In the state folder: the output of compose."""

GRACE = 10.0
"""Seconds that it has to end when it is asked to."""

_children: list[subprocess.Popen[bytes]] = []


def begin(stack: Stack, folder: Path, services: Sequence[str], *, made: bool) -> None:
    """Let compose start services in the background.

    Args:
        stack: What they are part of.
        folder: The state folder.
        services: The services that are left.
        made: Whether their containers exist as the files say; if not, compose creates those of the whole stack too.
    """
    arguments = ["--no-recreate", *services] if made else []
    import psutil

    line = compose.command(stack, "up", "--detach", "--no-build", "--quiet-pull", *arguments)
    with open(folder / LOG, "wb", opener=platform.private) as log:
        child = subprocess.Popen(
            line,
            cwd=stack.root,
            env=process.child_environment(stack.variables),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            **platform.detached(),
        )
    _children.append(child)
    known = {"pid": child.pid, "made": psutil.Process(child.pid).create_time(), "services": list(services)}
    state.write(folder / FILE, known)


def end(folder: Path) -> None:
    """End the process that an earlier task left, if there is one.

    Raises:
        UsageError: It cannot be ended.
    """
    if not (folder / FILE).exists():
        return
    import psutil

    found = _process(folder)
    if found is not None:
        with contextlib.suppress(psutil.NoSuchProcess):
            try:
                found.terminate()
                found.wait(GRACE)
            except psutil.TimeoutExpired:
                found.kill()
            except psutil.AccessDenied as error:
                raise UsageError(
                    f"process {found.pid} still starts services of this project, and is another user's",
                    next=shell_words.in_turn(shell_words.end_command(found.pid, foreign=True), AGAIN),
                ) from error
    with contextlib.suppress(OSError):
        state.remove(folder / FILE)


def _process(folder: Path) -> psutil.Process | None:
    """That process; None if there is none."""
    import psutil

    try:
        known = state.read(folder / FILE)
        found = psutil.Process(int(known["pid"]))
        return found if abs(found.create_time() - float(known["made"])) < 1 else None
    except (OSError, ValueError, KeyError, TypeError, OverflowError, psutil.Error):
        return None
