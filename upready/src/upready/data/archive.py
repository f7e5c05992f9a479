"""The file of a backup: a tar of what any `tar` can take out in an emergency, proven whole before it is used.

`SERVICE/NAME.dump`     a PostgreSQL database, as `pg_dump -Fc` wrote it (`pg_restore` reads it)
`SERVICE/NAME.database.json`  its owner, locale, rights and settings
`SERVICE/roles.sql`     the roles of its server
`SERVICE/NAME.tar.gz`   a named volume
                        each with `.age` behind it where the backup is encrypted
`manifest.json`         what all of this is: see `upready.data.manifest`
`SHA256SUMS`            the last member: a line for each of the above, as `sha256sum -c` wants it
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import itertools
import os
import re
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from upready.data.manifest import Manifest
from upready.data.window import Part
from upready.support import next_step, pipes, platform, shell_words
from upready.support.errors import DataError, OpsError, UsageError
from upready.support.next_step import AGAIN

if TYPE_CHECKING:
    from upready.data.encryption import Decrypted

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
BLOCK = tarfile.BLOCKSIZE
PARTIAL = ".partial"
"""What ends the name of a file that is still being written."""

_LARGEST = 16 << 20
"""Bytes of a manifest or of sums; a larger one is not ours."""


class BrokenError(DataError):
    """A file is no backup, or not a whole one."""


class Writer:
    """A backup that is being written: under a temporary name, mode 600, until `finish`.

    Args:
        path: The file that it becomes.
        recipient: To whom its parts are encrypted; empty for nobody.
    """

    def __init__(self, path: Path, recipient: str = "") -> None:
        self.path = path
        self._recipient = recipient
        self.temporary = path.with_name(f".{path.name}{PARTIAL}")
        self._sums: dict[str, str] = {}
        self._file: IO[bytes] = open(self.temporary, "wb", opener=platform.private)  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        """Close it; one that was not finished is removed."""
        with contextlib.suppress(OSError):  # on a full disk it cannot write what it still holds
            self._file.close()
        self.temporary.unlink(missing_ok=True)

    def unused(self, name: str) -> str:
        """A name like this one that no member has, whatever a file system makes of capital letters.

        What `member_name` makes of two names may be the same.
        """
        taken = {each.removesuffix(".age").lower() for each in self._sums}
        folder, slash, last = name.rpartition("/")
        others = (f"{folder}{slash}{number}-{last}" for number in itertools.count(1))
        return next(each for each in itertools.chain([name], others) if each.lower() not in taken)

    @contextlib.contextmanager
    def member(self, name: str) -> Iterator[Callable[[bytes], None]]:
        """Add a member of any length: gives a function that takes its bytes, piece by piece."""
        if not self._recipient:
            with self._plain(name) as write:
                yield write
            return
        from upready.data import encryption

        with self._plain(f"{name}{encryption.SUFFIX}") as write, encryption.encrypting(self._recipient, write) as give:
            yield give

    @contextlib.contextmanager
    def _plain(self, name: str) -> Iterator[Callable[[bytes], None]]:
        start = self._file.tell()
        self._file.write(bytes(BLOCK))
        digest, size = hashlib.sha256(), 0

        def write(piece: bytes) -> None:
            nonlocal size
            digest.update(piece)
            size += len(piece)
            self._file.write(piece)

        yield write
        self._file.write(bytes(-size % BLOCK))
        self._file.seek(start)
        self._file.write(_header(name, size))
        self._file.seek(0, io.SEEK_END)
        self._sums[name] = digest.hexdigest()

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest and the sums, and read everything back; then it gets its name.

        Raises:
            BrokenError: What the disk holds is not what was written.
        """
        with self._plain(MANIFEST) as write:
            write(manifest.encode())
        sums = "".join(f"{digest}  {name}\n" for name, digest in self._sums.items())
        with self._plain(SUMS) as write:
            write(sums.encode())
        self._file.write(bytes(2 * BLOCK))
        self._file.flush()
        os.fsync(self._file.fileno())
        with Reader(self.temporary) as written:
            written.prove()
        self._file.close()
        self.temporary.replace(self.path)


class Reader:
    """A backup that is read; several threads may do so at once.

    Args:
        path: The file.
        identity: The file with the secret key of one that is encrypted.
        file: Its content, where only its manifest is to be read, and the file is not on this machine.

    Raises:
        BrokenError: It is no backup, or not a whole one.
        UsageError: It is not there, or cannot be read.
    """

    def __init__(self, path: Path, identity: Path | None = None, *, file: IO[bytes] | None = None) -> None:
        self.path = path
        self._identity = identity
        self._turn = threading.Lock()
        try:
            self._file = file or path.open("rb")
        except OSError as error:
            raise UsageError(
                f"{path} cannot be read: {error.strerror or error}", next="invoke backup --list"
            ) from error
        try:
            self._members = self._index()
            self._sums = self._read_sums()
            self.manifest = Manifest.decode(self._small(MANIFEST), path)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def size(self) -> int:
        """Bytes of the file."""
        with self._turn:
            return self._file.seek(0, io.SEEK_END)

    def length(self, name: str) -> int:
        """Bytes of a member, as it stands in the file; 0 for none."""
        return next((self._members[each][1] for each in (name, f"{name}.age") if each in self._members), 0)

    def prove(self, tell: Callable[[int], None] = lambda _: None) -> None:
        """Read all of it, and hold it against its sums; `tell` gets the number of bytes after each piece.

        Raises:
            BrokenError: A byte is not as it was written.
        """
        end, done = 0, 0
        for name, (start, size) in self._members.items():
            digest = hashlib.sha256()
            for piece in pipes.pieces(self._part(start, size)):
                digest.update(piece)
                done += len(piece)
                tell(done)
            if name != SUMS and digest.hexdigest() != self._sums.get(name):
                raise self._broken(f"{name} is not as it was written")
            end = start + size
            end = self._zeros(end, -end % BLOCK)
        self._zeros(end, 2 * BLOCK)
        if self._part(end + 2 * BLOCK, 1).read() or self._sums.keys() != self._members.keys() - {SUMS}:
            raise self._broken("it holds more than was written")

    def member(self, name: str) -> Part | Decrypted:
        """A member, to be read from its beginning; decrypted, where it is encrypted.

        Raises:
            BrokenError: There is none of that name.
            UsageError: It is encrypted, and there is no key.
        """
        if name in self._members:
            return self._part(*self._members[name])
        from upready.data import encryption

        place = self._members.get(f"{name}{encryption.SUFFIX}")
        if place is None:
            raise self._broken(f"it has no {name}")
        if self._identity is None:
            raise UsageError(
                f"{self.path.name} is encrypted to {self.manifest.recipient}",
                next=f"with the file of that key: {next_step.again('--identity', 'key.txt')}",
            )
        # Another thread reads it: it has the file for itself.
        return encryption.Decrypted(Part(self.path.open("rb"), *place, alone=True), self._identity, self.path.name)

    def _index(self) -> dict[str, tuple[int, int]]:
        """Where each member lies: its first byte, and how many there are."""
        if not self.size:
            raise self._broken("it is empty")
        self._file.seek(0)
        try:
            # Only headers are read: what lies between them is skipped.
            with tarfile.open(fileobj=self._file, mode="r:") as archive:
                found = {each.name: (each.offset_data, each.size) for each in archive if each.isreg()}
        except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
            raise self._broken(_said(error)) from error
        if SUMS not in found or MANIFEST not in found:
            raise self._broken(f"it has no {SUMS if MANIFEST in found else MANIFEST}: it was cut, or is something else")
        return found

    def _read_sums(self) -> dict[str, str]:
        lines = self._small(SUMS).decode("utf-8", "replace").splitlines()
        found = [re.fullmatch(r"([0-9a-f]{64})  (\S.*)", line) for line in lines]
        if not all(found):
            raise self._broken(f"{SUMS} is not as it was written")
        return {each[2]: each[1] for each in found if each}

    def _small(self, name: str) -> bytes:
        start, size = self._members[name]
        if size > _LARGEST:
            raise self._broken(f"{name} is too large")
        return self._part(start, size).read()

    def _part(self, start: int, size: int) -> Part:
        return Part(self._file, start, size, self._turn)

    def _zeros(self, start: int, count: int) -> int:
        """Make sure that there are only zeros; returns where they end."""
        if self._part(start, count).read() != bytes(count):
            raise self._broken("it is cut, or not as it was written")
        return start + count

    def _broken(self, why: str) -> BrokenError:
        return BrokenError(
            f"{self.path} is no whole backup: {why}", details=["nothing was changed"], next="invoke backup --list"
        )


def unwritable(path: Path, error: OSError) -> OpsError:
    """The error of a folder that takes no backup."""
    folder = path.parent
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DataError(
            f"there is no room for the backup in {folder}",
            details=["nothing of it is left there"],
            next=f"make room, or choose another folder with --output, then: {AGAIN}",
        )
    return UsageError(f"{path} cannot be written: {error.strerror or error}", next=shell_words.access_command(folder))


def _header(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(time.time())
    return member.tobuf(tarfile.GNU_FORMAT)


def _said(error: Exception) -> str:
    text = str(error) or type(error).__name__
    if "unexpected end" in text:
        return "it was cut"
    return "it is no tar archive" if "ReadError" in type(error).__name__ else text


def member_name(name: str) -> str:
    """A name as a file's name, which every system can take out."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:40].lstrip(".") or "_"
