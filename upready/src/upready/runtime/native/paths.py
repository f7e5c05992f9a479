"""Where the native runtime keeps its files: `native/SERVICE/` in the project's state folder.

A folder has `state.json` (the record of the last start), `log` (and older `log.1`, `log.2`, …), and `data` if the
service keeps data. Only the data matters to a user.
"""

from __future__ import annotations

from pathlib import Path

from upready.support import earlier, files, folders, places, shell_words, state
from upready.support.errors import UsageError

FOLDER = "native"

RECORD = "state.json"

DATA = "data"

HALF = "data.tmp"
"""The data of a database that is being made."""

READY = "data.ready"
"""The data of a database as another major version has made them, whole, that are about to become the data."""

REMOVED = "data.removed"
"""`invoke stop --volumes` renames the data folder to this before it deletes it."""

PASSWORD = "password.tmp"  # noqa: S105 - a file's name
"""A password file, while a database is initialised with it."""


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
    """The folders with the services' data.

    Raises:
        UsageError: A service's folder cannot be read.
    """
    found = []
    for each in services(root):
        place = of(root, each)
        with folders.reading(place):
            found += [place / DATA] if (place / DATA).is_dir() else []
    return found


def check_own(root: Path) -> None:
    """Make sure that services which run are this folder's, and not those of one that had its name before.

    Raises:
        UsageError: They are not.
    """
    if other := state.renamed(root):
        raise UsageError(
            f"the services that run belong to {other}, which had this folder's name when it started them",
            details=["this folder is a copy of that one, or new: it can start its own once those are stopped"],
            next=shell_words.in_turn(f"cd {shell_words.quoted(other)}", "invoke stop"),
        )


def settle(root: Path) -> None:
    """Move state from an earlier place of the project, or of the tasks; none of its services may run.

    Raises:
        LockedError: A task of an earlier version is at work on the project.
    """
    state.settle(root)
    earlier.move(root, state.folder(root) / FOLDER)


def remarks(root: Path) -> list[str]:
    """Notes for the user before services of this project keep data here."""
    place = native(root)
    said = []
    if folders.temporary() in place.parents:
        said.append(
            f"there is no home folder for this user: what services keep lies in {place}, among temporary files "
            f"({places.VARIABLE} names another folder)"
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
    """Data of a removed project with the same folder name, and that project's path; the last one used."""
    found = [
        (state.used(each), each / FOLDER, known.path)
        for each, known in state.others(root)
        if known.path.name == root.name and not files.there(known.path) and any((each / FOLDER).glob(f"*/{DATA}"))
    ]
    return max(found)[1:] if found else None
