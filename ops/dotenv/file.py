"""Writing `.env`: whole or not at all, one writer at a time, and only what compose reads back as meant."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ops import lock, platform
from ops.errors import EnvFileError, LockedError

WAIT = 10.0
"""Seconds to wait for another task that writes the file; a write takes a tenth of one."""


@contextlib.contextmanager
def writing(root: Path) -> Iterator[None]:
    """Be the only one who writes the project's `.env` while the block runs, reading it included.

    The kernel drops the lock when its holder ends, however it ends.

    Raises:
        LockedError: Another task has held it for `WAIT` seconds.
    """
    deadline = time.monotonic() + WAIT
    with (lock.state_folder(root) / "env.lock").open("a", encoding="utf-8") as held:
        while not platform.try_lock(held):
            if time.monotonic() > deadline:
                raise LockedError("another task is writing .env", next="wait until it is done, then try again")
            time.sleep(0.05)
        yield


def write(path: Path, text: str, verify: Callable[[Path], None] | None = None) -> None:
    """Replace the file by a text, readable by its owner only.

    Args:
        path: The file; a link is followed.
        text: What it is to hold.
        verify: Looks at the new file before it takes the old one's place; what it raises leaves the old one as it was.

    Raises:
        EnvFileError: The folder cannot be written.
    """
    path = path.resolve()
    for left in path.parent.glob(f"{path.name}.*.tmp"):
        # Of a writer that was killed; no other is at work now. It may hold secrets.
        with contextlib.suppress(OSError):
            left.unlink()
    try:
        platform.write_private(path, text, verify)
    except OSError as error:
        raise EnvFileError(
            f"{path.name} cannot be written: {error.strerror}", next=f"make its folder writable: {path.parent}"
        ) from error
