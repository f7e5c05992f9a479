"""One task at a time changes a project: the kernel's lock ends with its process, so it is never stale."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from upready.support import folders, platform, shell_words, state
from upready.support.errors import LockedError, UsageError
from upready.support.next_step import AGAIN

_SIZE = 256
"""Bytes that the holder's name takes at least, so that the next holder needs no more space on the disk."""

_NOBODY_KNOWN = "another task"
"""The holder that has not written down who it is, or ended."""

_CLOCK_STEP = 2.0
"""Seconds by which the creation time of a process may seem to move when the clock is set."""


@contextlib.contextmanager
def hold(root: Path, task: str) -> Iterator[None]:
    """Hold the project's lock while the block runs.

    Args:
        root: The project's folder.
        task: The task that holds it, as others see it: `invoke dev`.

    Raises:
        LockedError: Another task holds it; the message names the task, its process, and for how long.
        UsageError: There is no place for the lock file.
    """
    with contextlib.ExitStack() as held:
        place = state.folder(root) / state.LOCK
        # A lock on the project's folder needs no room on a disk. It is taken before the lock file is made, so that
        # nobody makes the file beside a task that could not.
        spare = False if os.path.lexists(place) else held.enter_context(_spare(root))
        if spare is None:
            raise _locked(place)
        try:
            path = state.make(root) / state.LOCK
            file = held.enter_context(opened(path))
        except UsageError as error:
            if not spare or not folders.is_full(error):
                raise
            yield
            return
        if not taken(file, path):
            raise _locked(path)
        _sign(file, task)
        yield


def check(root: Path) -> None:
    """Make sure that nobody holds the project's lock, and leave everything as it is.

    The lock is tried, for a moment, only where its last holder still lives.

    Raises:
        LockedError: Somebody does; the message names the task, its process and since when.
    """
    path = state.folder(root) / state.LOCK
    if not path.is_file() or _holder(path) == _NOBODY_KNOWN:
        return
    with opened(path) as file:
        if not taken(file, path):
            raise _locked(path)


class _Folder:
    """An open folder that can be locked like a file."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor


@contextlib.contextmanager
def _spare(root: Path) -> Iterator[bool | None]:
    """Lock the project's folder during the block: True; False if that is impossible (Windows), None if it is locked."""
    descriptor: int | None = None
    held: bool | None = False
    with contextlib.suppress(OSError):
        if not platform.WINDOWS:
            descriptor = os.open(root, os.O_RDONLY)
            held = True if platform.try_lock(cast("IO[Any]", _Folder(descriptor))) else None
    try:
        yield held
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _locked(path: Path) -> LockedError:
    return LockedError(
        f"{_holder(path)} is at work on this project",
        next=f"wait until it is done, or end it with Ctrl-C, then: {AGAIN}",
    )


@contextlib.contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file in order to lock it; it is made if it is missing, closed to other users.

    Raises:
        UsageError: It cannot be opened, or is no file.
    """
    with folders.writing(path):
        # A link would lead the write elsewhere, and a pipe would block.
        if os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode):
            raise UsageError(f"{path} is not a file, and so cannot be locked", next=f"rm -r {shell_words.quoted(path)}")
        flags = os.O_RDWR | os.O_CREAT
        for name in ("O_BINARY", "O_NOFOLLOW", "O_NONBLOCK"):
            flags |= getattr(os, name, 0)
        file = os.fdopen(os.open(path, flags, 0o600), "r+b", buffering=0)
    with file:
        yield file


def taken(file: IO[bytes], path: Path) -> bool:
    """Take the lock on an open file without waiting; False if another process holds it.

    Raises:
        UsageError: The file system has no locks.
    """
    with folders.writing(path):
        return platform.try_lock(file)


def _sign(file: IO[bytes], task: str) -> None:
    """Write down who holds the lock; a full disk does not matter."""
    text = json.dumps({"task": task, "pid": os.getpid(), "since": time.time()}).ljust(_SIZE).encode()
    with contextlib.suppress(OSError):
        file.write(text)
        file.truncate(len(text))


def _holder(path: Path) -> str:
    """Who holds the lock. An earlier holder whose name could not be overwritten is not named."""
    import psutil

    with contextlib.suppress(KeyError, TypeError, ValueError, OverflowError, psutil.Error):
        found = state.read(path)
        task, pid, since = str(found["task"]), int(found["pid"]), float(found["since"])
        if psutil.Process(pid).create_time() <= since + _CLOCK_STEP:
            return f"{task} (process {pid}, for {max(0, round(time.time() - since))} s)"
    return _NOBODY_KNOWN
