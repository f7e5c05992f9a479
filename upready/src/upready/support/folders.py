"""The folders of this user in which the tasks keep things: outside every project, closed to other users."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from upready.support import files, platform, shell_words
from upready.support.errors import UsageError
from upready.support.next_step import AGAIN

VARIABLE = "OPS_STATE_DIR"
"""The environment variable that sets another folder for all of them."""

FULL = (errno.ENOSPC, errno.EDQUOT)
"""The system's errors when the disk, or the user's quota, is full."""

_OF_THE_MACHINE = (
    *FULL,
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ELOOP, errno.ENAMETOOLONG),
    *(errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN),
)
"""The system's errors that no program can avoid: closed, full, broken, or out of something."""

_APPLICATION = "invoke-ops"


def state(root: Path) -> Path:
    """The folder for the state of all projects of this user; it is not made.

    Args:
        root: The project's folder. A place within it is not used, because image builds would include it.

    Returns:
        The folder in `OPS_STATE_DIR`, else the system's usual place. If there is none (no home folder, or one that is
        not writable), a folder among the system's temporary files.

    Raises:
        UsageError: `OPS_STATE_DIR` is not absolute.
    """
    return _named() or _usual("user_state_path", root) or temporary()


def cache(root: Path) -> Path:
    """The folder for files that can be made again at any time; it is not made. Found in the same way as `state`.

    Raises:
        UsageError: `OPS_STATE_DIR` is not absolute.
    """
    named = _named()
    return named / "cache" if named else _usual("user_cache_path", root) or temporary() / "cache"


def temporary() -> Path:
    """The folder for a user who has no better place."""
    return platform.temporary_folder() / f"{_APPLICATION}-{platform.user()}"


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
        step = shell_words.assignment(VARIABLE, f"{shared}-2")
    return UsageError(f"{error.filename or place} cannot be {what}: {error.strerror or error}", next=step)


def _named() -> Path | None:
    text = os.environ.get(VARIABLE)
    if not text:
        return None
    if not Path(text).is_absolute():
        absolute = str(Path(text).absolute())
        raise UsageError(
            f"{VARIABLE} should be an absolute path, not {text!r}", next=shell_words.assignment(VARIABLE, absolute)
        )
    return Path(text)


def _usual(which: str, root: Path) -> Path | None:
    """The system's usual place for this user's files; None if there is none that can be used."""
    # Takes 12 ms.
    import platformdirs

    try:
        path: Path = getattr(platformdirs, which)(_APPLICATION, appauthor=False)
    except RuntimeError:  # no home folder
        return None
    return path if path.is_absolute() and _outside(path, root) and _possible(path) else None


def _outside(path: Path, root: Path) -> bool:
    real = files.real(path)
    return files.real(root) not in (real, *real.parents)


def _possible(path: Path) -> bool:
    """Whether a folder exists, or can be made."""
    try:
        while not path.exists():
            path = path.parent
            if path.exists():
                return os.access(path, os.W_OK | os.X_OK)
    except OSError:
        return False
    return True
