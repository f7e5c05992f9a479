"""Where the native runtime keeps what it must: `native/SERVICE/` in the folder of the project's state.

A folder holds `state.json` (the record of the last start), `log` (with `log.1`, `log.2`, … before it), and `data` where
the service keeps anything. The data is all that a user would miss.
"""

from __future__ import annotations

from pathlib import Path

from upready.support import earlier, files, folders, shell_words, state

FOLDER = "native"

RECORD = "state.json"

DATA = "data"

HALF = "data.tmp"
"""The data of a database that is being made."""

REMOVED = "data.removed"
"""The data that somebody wanted gone, until it is."""

PASSWORD = "password.tmp"  # noqa: S105 - a file's name
"""A password, for as long as a database is initialised with it."""


def native(root: Path) -> Path:
    """The folder of all services; not made.

    Raises:
        UsageError: The user's folder cannot be read.
    """
    own = state.folder(root) / FOLDER
    with folders.reading(own):
        return own if own.is_dir() else earlier.native(root) or own


def of(root: Path, service: str) -> Path:
    """The folder of one service; not made."""
    return native(root) / service


def services(root: Path) -> list[str]:
    """The services that have a folder, whether they run or not.

    Raises:
        UsageError: The folder cannot be read.
    """
    folder = native(root)
    with folders.reading(folder):
        return sorted(each.name for each in folder.iterdir() if each.is_dir()) if folder.is_dir() else []


def data(root: Path) -> list[Path]:
    """The folders that hold what services keep."""
    return [found for each in services(root) if (found := of(root, each) / DATA).is_dir()]


def settle(root: Path) -> None:
    """Move to its place what was made when the project, or the tasks, had another one; nothing of it may run.

    Raises:
        LockedError: A task of an earlier version is at work on the project.
    """
    state.settle(root)
    earlier.move(root, state.folder(root) / FOLDER)


def remarks(root: Path) -> list[str]:
    """What a user should know before services of this project keep anything here."""
    place = native(root)
    said = []
    if folders.temporary() in place.parents:
        said.append(
            f"there is no home folder for this user: what services keep lies in {place}, among temporary files "
            f"({folders.VARIABLE} names another folder)"
        )
    if place == earlier.native(root):
        said.append(
            f"{place} could not be moved to another disk, and is used where it is; "
            f"to move it: invoke stop && {shell_words.move_command(place, state.folder(root))}"
        )
    if not data(root) and (left := _left_behind(root)):
        folder, path = left
        said.append(
            f"what services kept for {path}, which is gone, is still there; if that was this project: "
            f"invoke stop --volumes && {shell_words.move_command(folder, state.folder(root))}"
        )
    return said


def _left_behind(root: Path) -> tuple[Path, Path] | None:
    """What services kept for a project of the same folder name that is gone, and where that was; the last one used."""
    found = [
        (state.used(each), each / FOLDER, known.path)
        for each, known in state.others(root)
        if known.path.name == root.name and not files.there(known.path) and any((each / FOLDER).glob(f"*/{DATA}"))
    ]
    return max(found)[1:] if found else None
