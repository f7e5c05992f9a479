"""A project's backups in S3-compatible storage: as in a folder; see `upready.data.shelf`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from upready.data import archive, bucket, passing, shelf
from upready.data.archive import BrokenError, Reader
from upready.data.backup import Backup
from upready.data.bucket import Remote
from upready.data.shelf import Keep
from upready.support import state
from upready.support.errors import OpsError, UsageError


def folder(root: Path, place: str) -> Remote:
    """The folder that is meant by `s3://bucket/prefix`, with or without a slash at its end, or by a file's place."""
    found = bucket.remote(place, root)
    if not found.key or found.key.endswith("/"):
        return found
    return found.folder if found.key.endswith(".tar") else Remote(found.bucket, f"{found.key}/")


def target(root: Path, place: str, name: str) -> Remote:
    """The object of a new backup: the one that is named, or one of that name in a folder."""
    found = bucket.remote(place, root)
    within = folder(root, place)
    return found if found.key.endswith(".tar") else Remote(within.bucket, f"{within.key}{name}")


def there(within: Remote, project: str) -> list[Remote]:
    """The backups of a project in a folder, the oldest first."""
    return [each for each in within.listed() if shelf.is_name(each.name, project)]


def backups(within: Remote, project: str, tell: Callable[[str], None]) -> list[Backup]:
    """The same, opened; `tell` gets a sentence about each that is not whole."""
    found = []
    for each in there(within, project):
        try:
            with _peeked(each) as reader:
                found.append(Backup(Path(each.name), reader.manifest, reader.size, str(each)))
        except OpsError as error:
            tell(error.message)
    return found


def throw_away(
    within: Remote, project: str, keep: Keep, made: str = "", services: Collection[str] = ()
) -> list[Remote]:
    """Remove the backups of a project in a folder that are not to be kept; returns them.

    The arguments are those of `upready.data.shelf.throw_away`.

    Raises:
        UsageError: The key may not read, list or remove them.
        DataError: The storage does not answer.
    """
    if not keep:
        return []
    found = {Path(each.name): each for each in there(within, project)}
    stay = shelf.kept([*found], keep, services, lambda name: _held(found[name]))
    gone = [each for name, each in found.items() if name not in stay and name.name != made]
    for each in gone:
        each.remove()
    return gone


def _held(place: Remote) -> list[str]:
    """The services that a backup was asked to hold; none of one that is not whole."""
    with contextlib.suppress(BrokenError), _peeked(place) as reader:
        return shelf.asked(reader)
    return []


@contextlib.contextmanager
def opened(
    root: Path,
    project: str,
    asked: str,
    identity: Path | None = None,
    tell: Callable[[int], None] = lambda _: None,
    *,
    whole: bool = True,
) -> Iterator[tuple[Reader, str]]:
    """The backup that is meant, as `shelf.find` finds it, or `s3://…`; and where it is, where that is no file.

    Args:
        root: The project's folder.
        project: Its name.
        asked: What was asked for.
        identity: The file with the secret key of an encrypted one.
        tell: Gets the number of bytes that came since the last call.
        whole: Whether more than its manifest is to be read: it is fetched first.

    Raises:
        UsageError: There is none.
        DataError: It cannot be fetched.
    """
    if not bucket.is_remote(asked):
        with Reader(shelf.find(root, project, asked), identity) as reader:
            yield reader, ""
        return
    found = _find(root, project, asked)
    if not whole:
        with _peeked(found) as reader:
            yield reader, str(found)
        return
    with passing.folder(state.make(root)) as within:
        try:
            found.download(within / found.name, tell)
        except OSError as error:
            raise archive.unwritable(within / found.name, error) from error
        with Reader(within / found.name, identity) as reader:
            yield reader, str(found)


def _find(root: Path, project: str, asked: str) -> Remote:
    """The object itself, or the latest in a folder."""
    named = bucket.remote(asked, root)
    if named.key.endswith(".tar"):
        return named
    found = there(folder(root, asked), project)
    if not found:
        raise UsageError(f"there is no backup of {project} in {asked}", next="invoke backup")
    for each in reversed(found):
        with contextlib.suppress(OpsError), _peeked(each) as reader:
            if not shelf.is_before_a_restore(reader):
                return each
    return found[-1]


@contextlib.contextmanager
def _peeked(place: Remote) -> Iterator[Reader]:
    """A backup of which only the manifest is read."""
    with Reader(Path(place.name), file=place.open()) as reader:
        yield reader
