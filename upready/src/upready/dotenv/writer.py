"""Write `.env`: the whole file or nothing, one writer at a time, and only if compose reads the new file correctly."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from upready.support import earlier, files, folders, lock, platform, shell_words, state
from upready.support.errors import EnvFileError, LockedError, UsageError
from upready.support.next_step import AGAIN

WAIT = 10.0
"""Seconds to wait for another task that writes the file; one write takes about 0.1 s."""

_LOCK = "env.lock"


@contextlib.contextmanager
def locked(root: Path, wait: float | None = None) -> Iterator[None]:
    """Lock the project's `.env` while the block runs: read and write the file within it, but ask nobody anything.

    The kernel releases the lock when the process ends, however it ends.

    Raises:
        LockedError: Another task held the lock for `wait` seconds (`WAIT` by default).
    """
    deadline = time.monotonic() + (WAIT if wait is None else wait)
    path = state.make(root) / _LOCK
    with lock.opened(path) as held:
        while not lock.taken(held, path):
            if time.monotonic() > deadline:
                raise LockedError("another task is writing .env", next=f"once it has ended: {AGAIN}")
            time.sleep(0.05)
        _remove_leftovers(root / ".env", root)
        yield


def sweep(root: Path) -> None:
    """Remove the temporary files of a killed writer: they may hold secrets, and an image build might include them."""
    # A task that is writing now removes them itself. Without permission, leave them to the owner's next task.
    with contextlib.suppress(LockedError, EnvFileError, UsageError, OSError):
        if (state.folder(root) / _LOCK).exists():
            with locked(root, wait=0):
                pass


def write(path: Path, text: str, verify: Callable[[Path], None] | None = None, *, root: Path | None = None) -> None:
    """Replace the file; only its owner can read the new one.

    Args:
        path: The file; a link is followed.
        text: The new content.
        verify: Called with the new file before it replaces the old one; if it raises, the old file stays.
        root: The project's folder, if the file lies elsewhere.

    Raises:
        EnvFileError: The folder cannot be written, or the path is not a file.
    """
    files.check_writable(path, EnvFileError)
    # Git and image builds do not see this folder, so a killed writer's temporary file is safe here.
    folder = state.make(root or path.parent)
    _remove_leftovers(path, root or path.parent)
    try:
        platform.write_private(path, text, verify, folder=folder)
    except OSError as error:
        target = files.real(path).parent
        step = _access(target)
        if error.errno in folders.FULL:
            step = f"make room on the disk of {target} or {folder}, then: {AGAIN}"
        raise EnvFileError(f"{path.name} cannot be written: {_why(error, target)}", next=step) from error


def check_possible(path: Path) -> None:
    """Make sure that a file can be written in its place.

    Raises:
        EnvFileError: Its folder cannot be written, or the path is not a file.
    """
    files.check_writable(path, EnvFileError)
    folder = files.real(path).parent
    if not os.access(folder, os.W_OK):
        number = errno.EACCES if files.there(folder) else errno.ENOENT
        error = OSError(number, os.strerror(number))
        raise EnvFileError(f"{path.name} cannot be written: {_why(error, folder)}", next=_access(folder))


def _why(error: OSError, folder: Path) -> str:
    """Why a file cannot be written in a folder: a link may lead to one that is not there."""
    return f"there is no folder {folder}" if error.errno == errno.ENOENT else str(error.strerror)


def _access(folder: Path) -> str:
    """The command by which a file can be written in a folder."""
    return shell_words.access_command(folder) if files.there(folder) else shell_words.make_command(folder)


def rehearse(path: Path, text: str, verify: Callable[[Path], None]) -> None:
    """Find out whether `write` would do it, and write nothing in the project or in its state.

    Raises:
        EnvFileError: As `write` does.
    """
    check_possible(path)
    with tempfile.TemporaryDirectory() as folder:
        platform.write_private(Path(folder, path.name), text, verify)


def _remove_leftovers(path: Path, root: Path) -> None:
    real = files.real(path)
    for folder in {real.parent, state.folder(root), earlier.folder(root)}:
        for left in folder.glob(f"{real.name}.????????.tmp"):
            with contextlib.suppress(OSError):
                left.unlink()
