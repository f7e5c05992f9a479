"""Docker Desktop, which needs up to a minute to start: until then it looks as if there were no engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from upready.engine import endpoint
from upready.engine.absence import DeniedError, SettingsError, SilentError
from upready.support import platform
from upready.support.errors import EngineError
from upready.support.next_step import AGAIN

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds within which it starts."""

_EVERY = 1.0
"""Seconds between two looks whether it has started."""

_LINUX = Path("/opt/docker-desktop")
_PROGRAMS = ("docker desktop", "com.docker.backend")


def runs() -> bool:
    """Whether Docker Desktop runs on this machine, and its engine is the chosen one."""
    if not endpoint.asked().url.startswith(("unix://", "npipe://")):
        return False
    if not (platform.WINDOWS or platform.MACOS or _LINUX.is_dir()):
        return False
    import psutil

    names = (str(each.info["name"] or "") for each in psutil.process_iter(["name"]))
    return any(name.casefold().removesuffix(".exe") in _PROGRAMS for name in names)


def wait(connect: Callable[[], T], tell: Callable[[str], None] | None) -> T:
    """Connect to an engine; if Docker Desktop is still starting, wait for its engine.

    Args:
        connect: Connects, or raises.
        tell: Gets a line for the user when the wait begins; with None, there is no wait.

    Raises:
        SilentError: Docker Desktop runs, and its engine does not answer, not even after a minute.
        EngineError: No engine answers, for another reason.
    """
    deadline = time.monotonic() + PATIENCE
    waiting = False
    while True:
        try:
            return connect()
        except (DeniedError, SettingsError):
            raise
        except EngineError as error:
            if not runs():
                raise
            if tell is None or time.monotonic() > deadline:
                after = f" after {PATIENCE:.0f} s" if waiting else " yet"
                raise SilentError(
                    f"Docker Desktop runs, and its engine does not answer{after}",
                    details=[error.summary],
                    next=f"restart Docker Desktop, then: {AGAIN}" if waiting else f"in a minute: {AGAIN}",
                ) from error
            if not waiting:
                tell(f"Docker Desktop is starting: waiting for its engine, {PATIENCE:.0f} s at most")
                waiting = True
        time.sleep(_EVERY)
