"""What the tasks remember of a project: in a folder of the user, found by the project's path.

Each project's state folder has a `project.json`, which names the project. If a project was renamed, or moved on the
same disk, its state is found by that file; a copy of the project has its own state.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
from dataclasses import dataclass
from io import FileIO
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from upready.support import files, folders, parsing, platform
from upready.support.errors import OpsError

NOTE = "project.json"

LOCK = "lock"
"""The file that tasks lock; every task that changes the project writes to it."""

_STARTED = "native/*/state.json"
"""The records of native services, which are there until these are stopped."""

_READABLE = 32
"""Characters of the project's name in the name of its state folder."""

_LARGEST = 1 << 20
"""Bytes of a state file; a larger file is not ours."""


@dataclass(frozen=True)
class Project:
    """The project that a state folder belongs to.

    Attributes:
        path: The project's folder.
        place: Device and inode of the folder, which stay when it is renamed; empty if the system has none.
    """

    path: Path
    place: tuple[int, ...] = ()


def name(path: str) -> str:
    """The name of the state folder of a project.

    Args:
        path: The real, absolute path of the project. Windows does not distinguish upper and lower case.
    """
    if platform.WINDOWS:
        path = path.removeprefix("\\\\?\\").lower().replace("/", "\\")
    last = (PureWindowsPath if platform.WINDOWS else PurePosixPath)(path).name
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", last)[:_READABLE].strip("-") or "project"
    return f"{readable}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:12]}"


def folder(root: Path) -> Path:
    """The state folder of a project, whether it exists or not; it is not made.

    Raises:
        UsageError: The user's folder cannot be read.
    """
    own = _own(root)
    with folders.reading(own):
        return own if own.is_dir() else _moved(root, own.parent) or own


def make(root: Path) -> Path:
    """The state folder of a project, made if it is missing, and closed to other users.

    Raises:
        UsageError: It cannot be made.
    """
    found = folder(root)
    folders.make(found)
    with folders.writing(found):
        folders.close(found)
    if found == _own(root) and not renamed(root):
        _note(found, root)
    return found


def renamed(root: Path) -> Path | None:
    """The folder beside a project whose services run with the project's state: it had the project's name before.

    The project is then another one under the old name: a copy of the renamed folder, or a new clone.
    """
    own = _own(root)
    known = of(own)
    if known is None or not known.place or known.place == _place(root) or not any(own.glob(_STARTED)):
        return None
    with contextlib.suppress(OSError):
        return next((each for each in sorted(root.parent.iterdir()) if _place(each) == known.place), None)
    return None


def settle(root: Path) -> None:
    """Move the state of a project that was moved; call it with the lock held, while nothing uses the state.

    What an earlier project of this name has left, which runs no more, is from now on this one's.
    """
    found, own = folder(root), _own(root)
    # Windows cannot rename a folder with an open file in it, such as the lock. The state is then used where it is.
    with contextlib.suppress(OSError):
        if found != own:
            found.rename(own)
        if own.is_dir():
            _note(own, root)


def paths(root: Path) -> set[Path]:
    """The folder of a project now, and its folder when its state was made."""
    known = of(folder(root))
    return {root, known.path} if known else {root}


def others(root: Path) -> list[tuple[Path, Project]]:
    """The state of every other project of this user: its folder, and the project."""
    home = folders.state(root)
    own = _own(root)
    with folders.reading(home):
        there = sorted(home.iterdir()) if home.is_dir() else []
    return [(each, known) for each in there if each != own and (known := of(each))]


def of(place: Path) -> Project | None:
    """The project that a state folder belongs to; None if that is not known."""
    content = read(place / NOTE)
    with contextlib.suppress(KeyError, TypeError, ValueError):
        path, where = content["path"], content["place"]
        if isinstance(path, str) and Path(path).is_absolute() and all(type(each) is int for each in where):
            return Project(Path(path), tuple(where))
    return None


def read(file: Path) -> Any:
    """The content of a JSON file; None if there is no file, or it cannot be parsed."""
    with contextlib.suppress(OpsError, ValueError):
        if data := files.read(file, limit=_LARGEST):
            return parsing.from_json(data)
    return None


def write(file: Path, content: Any) -> None:
    """Write content to a file as JSON, whole or not at all, closed to other users; replaces whatever is there.

    If the disk has no room for a second file, the existing file is overwritten.

    Raises:
        OSError: The system refuses it.
    """
    text = json.dumps(content, indent=1)
    # A folder cannot be replaced, and the target of a link is not ours to write.
    if file.is_symlink() or file.is_dir():
        remove(file)
    try:
        platform.patiently(lambda: platform.write_private(file, text))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT) or not file.is_file():
            raise
        _overwrite(file, text.encode())


def reserve(file: Path, size: int) -> None:
    """Make a file without content, but with room for so many bytes; an existing file stays.

    Raises:
        OSError: The system refuses it.
    """
    if not file.exists():
        with open(file, "xb", opener=platform.private) as there:
            there.write(b" " * size)


def blank(file: Path) -> None:
    """Empty a file but keep its room on the disk; does nothing if there is no file."""
    if file.is_file():
        _overwrite(file, b"")


def _overwrite(file: Path, content: bytes) -> None:
    """Overwrite a file within its room on the disk; if that is too little, its old content is put back."""
    before = file.read_bytes()
    # Padded with spaces, which JSON ignores: a file that is never cut keeps its room.
    padded = content.ljust(len(before))
    with file.open("r+b", buffering=0) as there:
        try:
            _write_whole(there, padded)
        except OSError:
            there.seek(0)
            there.write(before)
            there.truncate(len(before))
            raise


def _write_whole(there: FileIO, content: bytes) -> None:
    while content:
        content = content[there.write(content) :]
    os.fsync(there.fileno())


def remove(file: Path) -> None:
    """Remove a state file, whatever is in its place; does nothing if nothing is there.

    Raises:
        OSError: The system refuses it.
    """
    if file.is_dir() and not file.is_symlink():
        shutil.rmtree(file)
    else:
        platform.patiently(lambda: file.unlink(missing_ok=True))


def _own(root: Path) -> Path:
    return folders.state(root) / name(str(files.real(root)))


def _note(place: Path, root: Path) -> None:
    now = Project(files.real(root), _place(root))
    if of(place) != now:
        # It is for people, and for a project that is moved; the task works without it.
        with contextlib.suppress(OSError):
            write(place / NOTE, {"path": str(now.path), "place": now.place})


def _place(path: Path) -> tuple[int, ...]:
    with contextlib.suppress(OSError):
        found = path.stat()
        return (found.st_dev, found.st_ino) if found.st_ino else ()
    return ()


def _moved(root: Path, home: Path) -> Path | None:
    """The state that was made for a project under another path; None if there is none."""
    place = _place(root)
    if not place or not home.is_dir():
        return None
    for each, known in others(root):
        if known.place == place and _place(known.path) != place and _there_before(root, used(each)):
            return each
    return None


def used(place: Path) -> float:
    """When a task last changed the project of a state folder, in seconds since 1970."""
    files = [place / LOCK, place / NOTE]
    return max(each.stat().st_mtime for each in files if each.exists())


def _there_before(root: Path, moment: float) -> bool:
    """Whether a folder holds anything older than a moment: the system gives a removed folder's inode to a new folder.

    It looks at the time of the last change to each file (on Windows, when it was made), which no copy keeps.
    """
    return any(each.lstat().st_ctime <= moment for each in root.iterdir())
