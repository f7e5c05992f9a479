"""Writing `.env`: whole or not at all, one writer at a time, and only what compose reads back as meant."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from upready.support import earlier, files, folders, lock, platform, state
from upready.support.errors import EnvFileError, LockedError, UsageError

WAIT = 10.0
"""Seconds to wait for another task that writes the file; a write takes a tenth of one."""

_LOCK = "env.lock"


@contextlib.contextmanager
def writing(root: Path, wait: float | None = None) -> Iterator[None]:
    """Be the only one who writes the project's `.env` while the block runs, reading it included.

    The kernel drops the lock when its holder ends, however it ends. Nobody is asked anything while it is held.

    Raises:
        LockedError: Another task has held it for `wait` seconds, `WAIT` by default.
    """
    deadline = time.monotonic() + (WAIT if wait is None else wait)
    path = state.make(root) / _LOCK
    with lock.opened(path) as held:
        while not lock.taken(held, path):
            if time.monotonic() > deadline:
                raise LockedError("another task is writing .env", next="wait until it is done, then try again")
            time.sleep(0.05)
        _remove_leftovers(root / ".env")
        yield


def sweep(root: Path) -> None:
    """Remove what a killed writer left: it may hold secrets, and an image build might take it along."""
    # Who writes right now sweeps by itself; where this user may not, the owner's next task does.
    with contextlib.suppress(LockedError, EnvFileError, UsageError, OSError):
        if (state.folder(root) / _LOCK).exists():
            with writing(root, wait=0):
                pass


def write(path: Path, text: str, verify: Callable[[Path], None] | None = None) -> None:
    """Replace the file by a text, readable by its owner only.

    Args:
        path: The file; a link is followed.
        text: What it is to hold.
        verify: Looks at the new file before it takes the old one's place; what it raises leaves the old one as it was.

    Raises:
        EnvFileError: The folder cannot be written, or something else than a file is there.
    """
    files.check_writable(path, EnvFileError)
    # Neither git nor an image build sees what a killed writer leaves in the tasks' own folder.
    folder = state.make(path.parent)
    try:
        platform.write_private(path, text, verify, folder=folder)
    except OSError as error:
        step = f"make its folder writable: {path.parent}"
        if error.errno in folders.FULL:
            step = f"make room on the disk of {path.parent} or {folder}"
        raise EnvFileError(f"{path.name} cannot be written: {error.strerror}", next=step) from error


def _remove_leftovers(path: Path) -> None:
    real = files.real(path)
    for folder in {real.parent, state.folder(path.parent), earlier.folder(path.parent)}:
        for left in folder.glob(f"{real.name}.????????.tmp"):
            with contextlib.suppress(OSError):
                left.unlink()
