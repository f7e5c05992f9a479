"""The one place that reads files which others write: whole, bounded, and never one that may not end."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

from upready.support import platform, shell_words
from upready.support.errors import OpsError, UsageError
from upready.support.next_step import AGAIN

LARGEST = 16 << 20
"""Bytes of a file of settings beyond which it is none."""

_KINDS = {
    stat.S_IFDIR: "it is a folder",
    stat.S_IFIFO: "it is a pipe",
    stat.S_IFSOCK: "it is a socket",
    stat.S_IFCHR: "it is a device",
    stat.S_IFBLK: "it is a device",
}

_ABSENT = (errno.ENOENT, errno.ENOTDIR)


def read(path: Path, error: type[OpsError] = UsageError, *, name: str = "", limit: int = LARGEST) -> bytes | None:
    """What a file holds; None where there is none. A link is followed; one that leads nowhere is no file.

    Args:
        path: The file.
        error: The error to raise, which decides the task's exit code.
        name: The file, as people call it; its last name by default.
        limit: Bytes that it may hold.

    Raises:
        OpsError: There is something, and it cannot be read, is no file, or holds more than `limit`; of class `error`.
    """
    data = _beginning(path, limit + 1, error, name)
    if data is not None and len(data) > limit:
        raise _told(path, error, name, _too_large(limit))
    return data


def start(path: Path, size: int) -> bytes:
    """The first bytes of a file, as far as it has so many; none where there is no file.

    Raises:
        UsageError: There is something, and it cannot be read, or is no file.
    """
    return _beginning(path, size, UsageError) or b""


def check(path: Path, error: type[OpsError] = UsageError, *, name: str = "", limit: int = LARGEST) -> bool:
    """Whether a file is there that `read` would read; nothing of it is read.

    Raises:
        OpsError: There is something, and it cannot be read, is no file, or holds more than `limit`; of class `error`.
    """
    if _beginning(path, 0, error, name) is None:
        return False
    with contextlib.suppress(OSError):
        if path.stat().st_size > limit:
            raise _told(path, error, name, _too_large(limit))
    return True


def real(path: Path) -> Path:
    """Where a path leads, as far as that can be told; a link in a loop leads to itself."""
    try:
        return Path(os.path.realpath(path))
    except OSError:  # relative to a folder that is gone
        return path


def check_writable(path: Path, error: type[OpsError] = UsageError) -> None:
    """Make sure that a path may be replaced by a file: nothing is there, or a file.

    Raises:
        OpsError: Something else is there; of class `error`.
    """
    try:
        _regular(path.stat())
    except (OSError, ValueError) as problem:
        if getattr(problem, "errno", None) not in _ABSENT:
            raise _told(path, error, "", problem, "written") from problem


def there(path: Path) -> bool:
    """Whether something is there that `read` would read, or refuse with the reason."""
    try:
        path.stat()
    except OSError as problem:
        return problem.errno not in _ABSENT
    except ValueError:
        return False
    return True


def is_file(path: Path) -> bool:
    """Whether a file is there, and may be looked at."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether a folder is there, and may be looked at."""
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
        # What the path leads to may change meanwhile: a pipe must not keep us waiting.
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
    """Whether it is the device that is always empty, the usual way to say "no file"."""
    return stat.S_ISCHR(found.st_mode) and os.path.samestat(found, Path(os.devnull).stat())


def _regular(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, _KINDS.get(stat.S_IFMT(found.st_mode), "it is no file"))


def _told(path: Path, error: type[OpsError], name: str, problem: Exception, what: str = "read") -> OpsError:
    """The error of a file that cannot be read: why, and the command that helps."""
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
        return why, f"choose another name for it, where it is named, then: {AGAIN}"
    return why, f"look at what is there, and at the disk: {shell_words.list_command(path)}"


def _closed(path: Path) -> Path:
    """What does not let this user in: the first folder on the way, else the file."""
    return next((folder for folder in reversed(path.parents) if not os.access(folder, os.X_OK)), path)


def _foreign(place: Path) -> bool:
    try:
        return platform.belongs_to_another(place)
    except OSError:
        return True
