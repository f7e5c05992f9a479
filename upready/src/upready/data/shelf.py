"""The folder in which a project's backups lie: found, named, and thrown away by age."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from upready.data import kinds
from upready.data.archive import PARTIAL, Reader
from upready.data.backup import Backup
from upready.support import files, folders, state
from upready.support.errors import DataError, OpsError, UsageError

SUFFIX = ".backup.tar"

LATEST = "latest"

BEFORE_RESTORE = "before the restore of"
"""How the reason of a backup begins that a restore has made."""

_FORM = "%Y%m%dT%H%M%S"


@dataclass(frozen=True)
class Keep:
    """Which backups stay: the newest, one a day, one a week; those that are in any of these. All 0 keeps every one."""

    newest: int = 0
    daily: int = 0
    weekly: int = 0

    def __bool__(self) -> bool:
        return bool(self.newest or self.daily or self.weekly)


def folder(root: Path) -> Path:
    """The folder of a project's backups, where none is named; it need not be there."""
    return state.folder(root) / "backups"


def place(root: Path, output: str, project: str, moment: datetime) -> Path:
    """The file of a new backup; its folder is made.

    Args:
        root: The project's folder.
        output: A folder, which is there or ends with a slash, or a file; empty for the project's own folder.
        project: Its name.
        moment: When it is made. A second is added where there is one of that name.

    Raises:
        UsageError: The folder cannot be made.
    """
    asked = Path(output).expanduser() if output else folder(root)
    whole = not output or output.endswith(("/", "\\")) or files.is_folder(asked)
    within = asked if whole else asked.parent
    folders.make(within)
    if not whole:
        return asked.absolute()
    if not output:
        folders.close(within)
    while (found := within.absolute() / name(project, moment)).exists():
        moment += timedelta(seconds=1)
    return found


def name(project: str, moment: datetime) -> str:
    """The name of a backup's file."""
    return f"{project}-{moment:{_FORM}}{SUFFIX}"


def there(within: Path, project: str) -> list[Path]:
    """The backups of a project in a folder, the oldest first."""
    with folders.reading(within):
        found = within.iterdir() if files.is_folder(within) else ()
        return sorted(each for each in found if is_name(each.name, project))


def is_name(text: str, project: str) -> bool:
    """Whether a file's name is that of a project's backup."""
    return bool(re.fullmatch(rf"{re.escape(project)}-\d{{8}}T\d{{6}}{re.escape(SUFFIX)}", text))


def backups(within: Path, project: str, tell: Callable[[str], None]) -> list[Backup]:
    """The same, opened; `tell` gets a sentence about each that is not whole."""
    opened = []
    for path in there(within, project):
        try:
            with Reader(path) as reader:
                opened.append(Backup(path, reader.manifest, reader.size))
        except OpsError as error:
            tell(error.message)
    return opened


def find(root: Path, project: str, asked: str) -> Path:
    """The backup that is meant: a file, a folder (its latest), an id, or `latest`.

    Raises:
        UsageError: There is none.
    """
    path = Path(asked).expanduser()
    if asked not in ("", LATEST) and files.is_file(path):
        return path.absolute()
    own = folder(root)
    if asked in ("", LATEST) or files.is_folder(path):
        within = own if asked in ("", LATEST) else path.absolute()
        if found := there(within, project):
            return next((each for each in reversed(found) if not _before_a_restore(each)), found[-1])
        raise UsageError(f"there is no backup of {project} in {within}", next="invoke backup")
    named = [each for each in there(own, project) if each.name == f"{project}-{asked}{SUFFIX}"]
    if not named:
        raise UsageError(f"{asked!r} is no file, and no backup of {project} has that id", next="invoke backup --list")
    return named[0]


def _before_a_restore(path: Path) -> bool:
    """Whether a backup is of what a restore has replaced: nobody means it who wants the latest back."""
    with contextlib.suppress(OpsError), Reader(path) as reader:
        return is_before_a_restore(reader)
    return False


def is_before_a_restore(reader: Reader) -> bool:
    """The same of one that is open."""
    return reader.manifest.reason.startswith(BEFORE_RESTORE)


def lengths(within: Path, project: str) -> dict[str, int]:
    """How many bytes were read of each service for the newest backup in a folder: about as many as for the next one."""
    for path in reversed(there(within, project)[-1:]):
        with contextlib.suppress(OpsError), Reader(path) as reader:
            return {
                part.service: sum(
                    each.size if part.kind in kinds.FILES else reader.length(each.member) for each in part.items
                )
                for part in reader.manifest.parts
            }
    return {}


def throw_away(within: Path, project: str, keep: Keep, made: str = "", services: Collection[str] = ()) -> list[Path]:
    """Remove the backups of a project in a folder that are not to be kept; returns them.

    Args:
        within: The folder.
        project: The project's name.
        keep: Which stay.
        made: The name of one that stays anyway: it was just made, by a clock that may be behind the others'.
        services: The services that have data now.
    """
    found = there(within, project)
    stay = kept(found, keep, services, _held)
    gone = [each for each in found if each not in stay and each.name != made] if keep else []
    for each in gone:
        each.unlink(missing_ok=True)
    return gone


def kept(
    found: Sequence[Path], keep: Keep, services: Collection[str], held: Callable[[Path], Collection[str]]
) -> set[Path]:
    """Which of some backups, the oldest first, stay; the newest always does.

    Those of each service are counted for themselves, too: one that holds a few services never takes the place of one
    that holds all of them.

    Args:
        found: The backups.
        keep: What is to be kept.
        services: The services that have data now.
        held: Tells the services that a backup was asked to hold.
    """
    stay = _newest(found, keep)
    if len(stay) == len(found):
        return stay
    holding = {each: held(each) for each in found}
    for service in services:
        stay |= _newest([each for each in found if service in holding[each]], keep)
    return stay


def _newest(found: Sequence[Path], keep: Keep) -> set[Path]:
    """Those that stay of backups of which each may take the place of any other, the oldest first."""
    newest = list(reversed(found))
    stay = set(newest[: max(1, keep.newest)])
    for count, form in ((keep.daily, "%Y-%m-%d"), (keep.weekly, "%G-%V")):
        periods: dict[str, Path] = {}
        for each in newest:
            periods.setdefault(moment(each).strftime(form), each)
        stay.update(list(periods.values())[:count])
    return stay


def _held(path: Path) -> list[str]:
    """The services that a backup was asked to hold; none of one that is not whole."""
    with contextlib.suppress(DataError), Reader(path) as reader:
        return asked(reader)
    return []


def asked(reader: Reader) -> list[str]:
    """The services that a backup was asked to hold; none of one that a task has made for what it was about to do."""
    manifest = reader.manifest
    return [] if manifest.reason else [each.service for each in manifest.parts]


def moment(path: Path) -> datetime:
    """When a backup was made, as its name says."""
    return datetime.strptime(path.name.removesuffix(SUFFIX)[-15:], _FORM)


def tidy(within: Path, project: str) -> None:
    """Remove what a killed backup of the project left; the lock must be held."""
    with contextlib.suppress(OSError):
        for each in within.glob(f".{project}-*{SUFFIX}{PARTIAL}"):
            # Not of a project whose name begins in the same way: nobody knows whether that is at work.
            if is_name(each.name.removeprefix(".").removesuffix(PARTIAL), project):
                each.unlink(missing_ok=True)
