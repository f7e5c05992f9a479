"""The folder `.ops` that earlier versions of the tasks kept in the project itself; image builds included it."""

from __future__ import annotations

import contextlib
from pathlib import Path

from upready.support import files, lock
from upready.support.errors import LockedError, OpsError, UsageError
from upready.support.next_step import AGAIN

_IGNORED = b"*\n"
"""The content of its `.gitignore`."""

_NEEDLESS = ("lock", "env.lock", ".env.????????.tmp", ".gitignore")
"""Files in it that nobody misses: locks, and what a killed writer of `.env` left."""


def folder(root: Path) -> Path:
    """The folder in the project."""
    return root / ".ops"


def native(root: Path) -> Path | None:
    """The folder of services that ran as processes, with their data; None if there is none of ours."""
    found = folder(root) / "native"
    return found if found.is_dir() and _ours(folder(root)) else None


def move(root: Path, target: Path) -> None:
    """Move the data of services to today's place, and remove our other files from the old one; no service may run.

    If the new place is on another disk, or taken, the old one stays.

    Args:
        root: The project's folder.
        target: The new place for `native`.

    Raises:
        LockedError: A task of an earlier version is at work on the project.
    """
    old = folder(root)
    # Files of another user stay too.
    with contextlib.suppress(OSError, UsageError):
        if not _ours(old):
            return
        if (old / "lock").exists():
            with lock.opened(old / "lock") as file:
                if not lock.taken(file, old / "lock"):
                    raise LockedError(
                        "a task of an earlier version is at work on this project", next=f"once it has ended: {AGAIN}"
                    )
        if (before := native(root)) and not target.exists():
            before.rename(target)
        left = list(old.iterdir())
        if all(any(each.match(pattern) for pattern in _NEEDLESS) for each in left):
            for each in left:
                each.unlink()
            old.rmdir()


def _ours(old: Path) -> bool:
    """Whether a folder is the one that the tasks made."""
    file = old / ".gitignore"
    try:
        return files.read(file) == _IGNORED
    except OpsError:
        return False
