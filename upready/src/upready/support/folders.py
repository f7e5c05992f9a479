"""The folders of this user in which the tasks keep things: outside every project, closed to other users."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from upready.support import places, platform, shell_words
from upready.support.errors import UsageError
from upready.support.next_step import AGAIN

FULL = (errno.ENOSPC, errno.EDQUOT)
"""The system's errors when the disk, or the user's quota, is full."""

_OF_THE_MACHINE = (
    *FULL,
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ELOOP, errno.ENAMETOOLONG),
    *(errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN),
)
"""The system's errors that no program can avoid: closed, full, broken, or out of something."""


def state(root: Path) -> Path:
    """The folder for the state of all projects of this user; it is not made.

    Args:
        root: The project's folder.

    Returns:
        The one that `places` names; if there is none, a folder among the system's temporary files.

    Raises:
        UsageError: `OPS_STATE_DIR` is not absolute.
    """
    return places.state(root) or temporary()


def cache(root: Path) -> Path:
    """The folder for files that can be made again at any time; it is not made. Found in the same way as `state`.

    Raises:
        UsageError: `OPS_STATE_DIR` is not absolute.
    """
    return places.cache(root) or temporary() / "cache"


def temporary() -> Path:
    """The folder for a user who has no better place."""
    return platform.temporary_folder() / f"{places.APPLICATION}-{platform.user()}"


def make(folder: Path) -> None:
    """Make a folder, and those missing above it, closed to other users whatever the umask is.

    If root makes it in a user's home, that user becomes the owner.

    Raises:
        UsageError: It cannot be made, or belongs to another user.
    """
    with writing(folder):
        missing = []
        above = folder
        while not above.is_dir() and above != above.parent:
            missing.append(above)
            above = above.parent
        for each in reversed(missing):
            each.mkdir(mode=0o700, exist_ok=True)
            close(each)
            platform.inherit_owner(each)
        # Anybody can make a folder with any name among the temporary files.
        if (shared := temporary()) in (folder, *folder.parents) and platform.belongs_to_another(shared):
            raise PermissionError(errno.EPERM, "it belongs to another user", str(shared))


def close(folder: Path) -> None:
    """Close a folder to other users; nothing changes on a file system without modes.

    Raises:
        OSError: It belongs to another user.
    """
    try:
        folder.chmod(0o700)
    except PermissionError:
        if platform.belongs_to_another(folder):
            raise


@contextlib.contextmanager
def writing(place: Path) -> Iterator[None]:
    """Raise what the system refuses while the block writes in a place.

    Raises:
        UsageError: The system refused something.
    """
    try:
        yield
    except OSError as error:
        raise _refused(place, "written", error) from error


@contextlib.contextmanager
def reading(place: Path) -> Iterator[None]:
    """Raise what the system refuses while the block reads in a place.

    Raises:
        UsageError: The system refused something.
    """
    try:
        yield
    except OSError as error:
        raise _refused(place, "read", error) from error


def refusal(error: OSError) -> UsageError | None:
    """The error for what the system has refused somewhere; None if the reason is not this machine, but a bug."""
    if error.errno not in _OF_THE_MACHINE:
        return None
    place = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else None
    if error.errno in FULL:
        step = f"make room on that disk, then: {AGAIN}"
    elif place is not None and isinstance(error, PermissionError):
        # Not the command that gives access: it may be any place of this machine.
        step = f"look whose that is: {shell_words.list_command(place)}"
    else:
        step = "invoke doctor"
    return UsageError(f"{place or 'the system'}: {error.strerror or error}", next=step)


def is_full(error: UsageError) -> bool:
    """Whether the error says that the disk is full."""
    return isinstance(error.__cause__, OSError) and error.__cause__.errno in FULL


def _refused(place: Path, what: str, error: OSError) -> UsageError:
    shared = temporary()
    if error.errno in FULL:
        step = f"make room on that disk, then: {AGAIN}"
    elif isinstance(error, PermissionError) and shared not in (place, *place.parents):
        step = shell_words.access_command(place)
    else:
        step = shell_words.assignment(places.VARIABLE, f"{shared}-2")
    return UsageError(f"{error.filename or place} cannot be {what}: {error.strerror or error}", next=step)
