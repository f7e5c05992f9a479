"""What earlier versions of the tasks kept in the project itself: the folder `.ops`, which image builds took along."""

from __future__ import annotations

import contextlib
from pathlib import Path

from upready.support import files, lock
from upready.support.errors import LockedError, OpsError, UsageError
from upready.support.next_step import AGAIN

_IGNORED = b"*\n"
"""What its `.gitignore` held."""

_NEEDLESS = ("lock", "env.lock", ".env.????????.tmp", ".gitignore")
"""What was in it that nobody misses: locks, and what a killed writer of `.env` has left."""


def folder(root: Path) -> Path:
    """The folder in the project."""
    return root / ".ops"


def native(root: Path) -> Path | None:
    """The folder of the services that ran as processes, with their data; None where there is none of ours."""
    found = folder(root) / "native"
    return found if found.is_dir() and _ours(folder(root)) else None


def move(root: Path, target: Path) -> None:
    """Move what services keep to its place of today, and remove what else we left there; nothing of it may run.

    Where the new place is on another disk, or taken, the old one stays as it is.

    Args:
        root: The project's folder.
        target: The new place for `native`.

    Raises:
        LockedError: A task of an earlier version is at work on the project.
    """
    old = folder(root)
    # What belongs to another user, say, stays too.
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
