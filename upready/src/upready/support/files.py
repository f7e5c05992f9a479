"""The one place that reads files which other programs write: whole, up to a size, and never one that may block."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from pathlib import Path

from upready.support import platform, shell_words
from upready.support.errors import OpsError, UsageError
from upready.support.next_step import AGAIN

LARGEST = 16 << 20
"""Bytes of a settings file; a larger one is refused."""

_KINDS = {
    stat.S_IFDIR: "it is a folder",
    stat.S_IFIFO: "it is a pipe",
    stat.S_IFSOCK: "it is a socket",
    stat.S_IFCHR: "it is a device",
    stat.S_IFBLK: "it is a device",
}

_ABSENT = (errno.ENOENT, errno.ENOTDIR)


def read(path: Path, error: type[OpsError] = UsageError, *, name: str = "", limit: int = LARGEST) -> bytes | None:
    """The content of a file; None if there is none. A link is followed; a link that leads nowhere is no file.

    Args:
        path: The file.
        error: The error to raise, which decides the task's exit code.
        name: The file's name for people; by default the last part of the path.
        limit: The most bytes that it may have.

    Raises:
        OpsError: Something is there that cannot be read, is no file, or is larger than `limit`; of class `error`.
    """
    data = _beginning(path, limit + 1, error, name)
    if data is not None and len(data) > limit:
        raise _told(path, error, name, _too_large(limit))
    return data


def start(path: Path, size: int) -> bytes:
    """The first bytes of a file; empty if there is no file.

    Raises:
        UsageError: Something is there that cannot be read, or is no file.
    """
    return _beginning(path, size, UsageError) or b""


def check(path: Path, error: type[OpsError] = UsageError, *, name: str = "", limit: int = LARGEST) -> bool:
    """Whether there is a file that `read` would read; nothing of it is read.

    Raises:
        OpsError: Something is there that cannot be read, is no file, or is larger than `limit`; of class `error`.
    """
    if _beginning(path, 0, error, name) is None:
        return False
    with contextlib.suppress(OSError):
        if path.stat().st_size > limit:
            raise _told(path, error, name, _too_large(limit))
    return True


def real(path: Path) -> Path:
    """The path with all links followed, as far as possible; a link in a loop leads to itself."""
    try:
        return Path(os.path.realpath(path))
    except OSError:  # relative to a folder that is gone
        return path


def check_writable(path: Path, error: type[OpsError] = UsageError) -> None:
    """Make sure that a path may be replaced by a file: nothing is there, or a file is.

    Raises:
        OpsError: Something else is there; of class `error`.
    """
    try:
        _regular(path.stat())
    except (OSError, ValueError) as problem:
        if getattr(problem, "errno", None) not in _ABSENT:
            raise _told(path, error, "", problem, "written") from problem


def there(path: Path) -> bool:
    """Whether something is there: `read` would read it, or say why not."""
    try:
        path.stat()
    except OSError as problem:
        return problem.errno not in _ABSENT
    except ValueError:
        return False
    return True


def is_url(place: str) -> bool:
    """Whether a place is an address such as `ftp://host/folder`, which as a path would be a folder named `ftp:`."""
    return bool(re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", place))


def is_file(path: Path) -> bool:
    """Whether a file is there that this user can see."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether a folder is there that this user can see."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _beginning(path: Path, size: int, error: type[OpsError], name: str = "") -> bytes | None:
    try:
        found = path.stat()
        if _is_null(found):
            return b""
        _regular(found)
        # The path may lead to something else by now: opening a pipe must not block.
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
        with os.fdopen(platform.patiently(lambda: os.open(path, flags)), "rb") as file:
            _regular(os.fstat(file.fileno()))
            return file.read(size)
    except (OSError, ValueError) as problem:
        if getattr(problem, "errno", None) in _ABSENT:
            return None
        raise _told(path, error, name, problem) from problem


def _too_large(limit: int) -> OSError:
    return OSError(errno.EFBIG, f"it holds more than {limit // 1024:,} KiB")


def _is_null(found: os.stat_result) -> bool:
    """Whether it is the device that is always empty (`/dev/null`), the usual way to say "no file"."""
    return stat.S_ISCHR(found.st_mode) and os.path.samestat(found, Path(os.devnull).stat())


def _regular(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, _KINDS.get(stat.S_IFMT(found.st_mode), "it is not a file"))


def _told(path: Path, error: type[OpsError], name: str, problem: Exception, what: str = "read") -> OpsError:
    """The error about a file that cannot be read: the reason, and the command that helps."""
    why, step = _why(path, problem)
    return error(f"{name or path.name} cannot be {what}: {why}", next=step)


def _why(path: Path, problem: Exception) -> tuple[str, str]:
    number = getattr(problem, "errno", None)
    aside = shell_words.move_command(path, path.parent / f"{path.name}.old")
    if number == errno.ELOOP:
        return "it is a link that leads back to itself", aside
    if isinstance(problem, PermissionError):
        place = _closed(real(path))
        whose = "is another user's" if _foreign(place) else "is closed to its owner"
        return f"{problem.strerror}: {place} {whose}", shell_words.access_command(place)
    why = str(getattr(problem, "strerror", None) or problem)
    if number in (errno.EINVAL, errno.EFBIG):
        return why, aside
    if number == errno.ENAMETOOLONG or isinstance(problem, ValueError):
        return why, f"use a valid, shorter path where it is set, then: {AGAIN}"
    return why, f"look at what is there, and at the disk: {shell_words.list_command(path)}"


def _closed(path: Path) -> Path:
    """What keeps this user out: the first closed folder on the way, else the file itself."""
    return next((folder for folder in reversed(path.parents) if not os.access(folder, os.X_OK)), path)


def _foreign(place: Path) -> bool:
    try:
        return platform.belongs_to_another(place)
    except OSError:
        return True
