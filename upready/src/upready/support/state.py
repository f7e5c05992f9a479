"""What the tasks remember of a project: in a folder of the user's own, found by the project's path.

Each project's folder holds `project.json`, which tells people whose it is. A project that was renamed or moved on the
same disk is known again by that file; a copy of it is another project.
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
"""The file that tasks lock; it is written to by each that changes the project."""

_READABLE = 32
"""Characters of the project's own name in its folder's."""

_LARGEST = 1 << 20
"""Bytes of a file of ours beyond which it is none."""


@dataclass(frozen=True)
class Project:
    """Whose a folder is.

    Attributes:
        path: The project's folder.
        place: Its device and number there, which it keeps when it is renamed; empty where the system has none.
    """

    path: Path
    place: tuple[int, ...] = ()


def name(path: str) -> str:
    """The name of the folder for a project.

    Args:
        path: Where the project really is, absolute. Windows does not tell upper case from lower.
    """
    if platform.WINDOWS:
        path = path.removeprefix("\\\\?\\").lower().replace("/", "\\")
    last = (PureWindowsPath if platform.WINDOWS else PurePosixPath)(path).name
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", last)[:_READABLE].strip("-") or "project"
    return f"{readable}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:12]}"


def folder(root: Path) -> Path:
    """Where the state of a project is, or would be; not made.

    Raises:
        UsageError: The user's folder cannot be read.
    """
    own = _own(root)
    with folders.reading(own):
        return own if own.is_dir() else _moved(root, own.parent) or own


def make(root: Path) -> Path:
    """The folder of a project's state, made when it is not there, and for its owner only.

    Raises:
        UsageError: It cannot be made.
    """
    found = folder(root)
    folders.make(found)
    with folders.writing(found):
        folders.close(found)
    if found == _own(root):
        _note(found, root)
    return found


def settle(root: Path) -> None:
    """Let the state of a project that was moved follow it; nothing may use it, and the lock must be held."""
    found, own = folder(root), _own(root)
    if found != own:
        # Windows renames no folder while a file in it is open, as the lock is. Then it is used where it is.
        with contextlib.suppress(OSError):
            found.rename(own)
            _note(own, root)


def paths(root: Path) -> set[Path]:
    """Where a project is, and where it was when its state was made."""
    known = of(folder(root))
    return {root, known.path} if known else {root}


def others(root: Path) -> list[tuple[Path, Project]]:
    """The state of every other project of this user: its folder, and whose it is."""
    home = folders.state(root)
    own = _own(root)
    with folders.reading(home):
        there = sorted(home.iterdir()) if home.is_dir() else []
    return [(each, known) for each in there if each != own and (known := of(each))]


def of(place: Path) -> Project | None:
    """Whose a folder of state is; None where that is not known."""
    content = read(place / NOTE)
    with contextlib.suppress(KeyError, TypeError, ValueError):
        path, where = content["path"], content["place"]
        if isinstance(path, str) and Path(path).is_absolute() and all(type(each) is int for each in where):
            return Project(Path(path), tuple(where))
    return None


def read(file: Path) -> Any:
    """What a file of JSON holds; None where there is none, or nothing that can be understood."""
    with contextlib.suppress(OpsError, ValueError):
        if data := files.read(file, limit=_LARGEST):
            return parsing.from_json(data)
    return None


def write(file: Path, content: Any) -> None:
    """Put content into a file as JSON, whole or not at all, for its owner only, in the place of whatever is there.

    Where the disk has no room for a second file, the one that is there is written over.

    Raises:
        OSError: The system refuses it.
    """
    text = json.dumps(content, indent=1)
    # A folder cannot be replaced, and where a link leads is not ours to write.
    if file.is_symlink() or file.is_dir():
        remove(file)
    try:
        platform.patiently(lambda: platform.write_private(file, text))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT) or not file.is_file():
            raise
        _overwrite(file, text.encode())


def reserve(file: Path, size: int) -> None:
    """Make a file that holds nothing yet, with room for so many bytes; one that is there stays.

    Raises:
        OSError: The system refuses it.
    """
    if not file.exists():
        with open(file, "xb", opener=platform.private) as there:
            there.write(b" " * size)


def blank(file: Path) -> None:
    """Make a file that is there hold nothing, but keep its room; nothing where there is none."""
    if file.is_file():
        _overwrite(file, b"")


def _overwrite(file: Path, content: bytes) -> None:
    """Write over a file, in the room that it has; what it held is put back where that is too little."""
    before = file.read_bytes()
    # Spaces, which JSON ignores: a file that is never cut keeps its room.
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
    """Remove a file of ours, whatever somebody has put in its place; nothing where there is none.

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
        # It is for people, and for a project that is moved: nothing that must work waits for it.
        with contextlib.suppress(OSError):
            write(place / NOTE, {"path": str(now.path), "place": now.place})


def _place(path: Path) -> tuple[int, ...]:
    with contextlib.suppress(OSError):
        found = path.stat()
        return (found.st_dev, found.st_ino) if found.st_ino else ()
    return ()


def _moved(root: Path, home: Path) -> Path | None:
    """The state that was made for a project when it had another path; None where there is none."""
    place = _place(root)
    if not place or not home.is_dir():
        return None
    for each, known in others(root):
        if known.place == place and _place(known.path) != place and _there_before(root, used(each)):
            return each
    return None


def used(place: Path) -> float:
    """When a task last changed a project, in seconds since 1970."""
    files = [place / LOCK, place / NOTE]
    return max(each.stat().st_mtime for each in files if each.exists())


def _there_before(root: Path, moment: float) -> bool:
    """Whether a folder holds anything from before a moment: the system gives a removed folder's number to a new one.

    What `stat` tells is when a file was last touched in any way, or made (Windows); no copy takes that along.
    """
    return any(each.lstat().st_ctime <= moment for each in root.iterdir())
