"""Put the keys of a backup in the place of those of a Redis; see `upready.data.restore.Change`.

A server reads its keys when it starts. So their file is put beside those that it has, read back by its own program, and
exchanged while the server is stopped. One that writes an append-only file reads only that: it gets one that begins with
the backup.
"""

from __future__ import annotations

import contextlib
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from upready.data import guard, redis, volume
from upready.data.archive import Reader
from upready.data.change import Loss
from upready.data.manifest import Item, Part
from upready.data.redis import Files, Server
from upready.data.redis_folder import HIDDEN, Folder
from upready.data.sources import Source
from upready.runtime.docker.containers import Containers
from upready.runtime.docker.engine import PROJECT, answering
from upready.support import next_step, pipes
from upready.support.errors import DataError, OpsError, UsageError
from upready.support.pipes import ProgramError

ALONE = Files("", "dump.rdb", "", "")
"""The files of a server that has no other."""


@dataclass
class Keys:
    """The keys of one server that are about to be replaced.

    Attributes:
        engine: Where it runs.
        project: Compose's project name.
        source: The service.
        server: The server.
        part: What the backup holds of it.
        reader: The backup.
    """

    engine: Containers
    project: str
    source: Source
    server: Server
    part: Part
    reader: Reader
    taken_back: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.files: Files = self.server.files()
        self.folder = Folder(self.engine, self.project, self.source, self.files)
        (self.item,) = self.part.items

    def check(self) -> None:
        """Have the server's own program read the file, and count its keys.

        Raises:
            DataError: It has not the keys that the backup tells of.
            ProgramError: The program cannot read it.
        """
        self.folder.check()
        with self.reader.member(self.item.member) as file, self.server.checker() as (feed, keys):
            for piece in pipes.pieces(file):
                feed(piece)
        self._compare(keys())

    def losses(self) -> Iterator[Loss]:
        """What would be lost: the keys that are there."""
        size, now = self.server.size(), self.server.keys()
        yield Loss(self.part.service, self.files.rdb, size, rows=now, instead=self.item.rows, unit="key")

    def beside(self, name: str, tell: Callable[[int], None]) -> list[str]:
        """Put the file into a new volume of that name."""
        if self.engine.volume(name) is not None:
            raise UsageError(
                f"there is a volume {name} already; nothing was restored",
                next=next_step.again("--into", f"{name}_2"),
            )
        with answering():
            self.engine.client.api.create_volume(name, labels={PROJECT: self.project})
        try:
            with volume.opened(self.engine, self.project, name) as container:
                self._put(container, volume.FOLDER, ALONE, "", tell)
        except BaseException:
            with contextlib.suppress(OpsError), answering():
                self.engine.client.api.remove_volume(name)
            raise
        return [name]

    def stage(self, tell: Callable[[int], None]) -> None:
        """Put the file beside those that the server has, and read it back.

        Raises:
            DataError: It cannot be written, or is not as it was.
        """
        self.folder.clear()
        self._put(self.source.container.id, self.files.folder, self.files, f"{HIDDEN}/new/", tell)
        path = f"{self.files.folder}/{HIDDEN}/new/{_main(self.files)}"
        self._compare(self.server.check_file(path))

    def swap(self) -> None:
        """Let writers wait, write all keys to the disk, stop the server, exchange the files, and start it again.

        Raises:
            DataError: It has not the keys that the backup tells of; then the files are exchanged back.
        """
        exchanged = False
        try:
            self.server.hold()
            with guard.still(self.engine, [self.source.container], "stopped"):
                self.folder.swap()
                exchanged = True
            self._check_loaded()
        except BaseException:  # Ctrl-C as well: what was replaced is nowhere else
            if exchanged:
                self.undo()
            else:
                with contextlib.suppress(ProgramError):
                    self.server.release()
            raise

    def _check_loaded(self) -> None:
        found, loaded = self.server.await_keys(), self.server.loaded()
        wanted = dict(self.item.rows)
        if not redis.is_loaded(found, loaded, wanted):
            raise DataError(
                f"{self.source.service} did not load the keys of {self.item.name}, and has its own again",
                details=[f"it has loaded {found if loaded is None else loaded}, not {sum(wanted.values())}"],
                next="invoke logs",
            )

    def undo(self) -> None:
        """Write what has come meanwhile to the disk, and exchange them back."""
        with contextlib.suppress(ProgramError, OpsError):
            self.server.hold()
        with guard.still(self.engine, [self.source.container], "stopped"):
            self.folder.take_back()
            self.taken_back = self.replaced()
        self.server.await_keys()

    def discard(self) -> None:
        """Remove what was restored; not where it serves: then the next task puts what it replaced into a backup."""
        if self.taken_back or not self.folder.holds("done"):
            self.folder.clear()

    def replaced(self) -> dict[str, str]:
        """The file with the keys that were replaced: as it was written when writers waited already."""
        return {self.files.rdb: self.folder.replaced}

    def written_since(self, before: Part) -> bool:
        """Whether it may not be as in its backup: nothing tells that of an RDB file."""
        del before
        return True

    def finish(self) -> None:
        """Remove what was replaced."""
        self.folder.clear()

    def _compare(self, found: dict[str, int]) -> None:
        wanted = dict(self.item.rows)
        if not redis.fits(found, wanted):
            told = [f"{name}: {found[name]}, not {wanted.get(name)}" for name in found]
            raise DataError(f"{self.item.name} did not come back whole", details=told, next="invoke backup --list")

    def _put(self, container: str, folder: str, files: Files, place: str, tell: Callable[[int], None]) -> None:
        """Write the server's files with the backup's keys below a folder of a container."""
        from docker.errors import APIError

        with self.reader.member(self.item.member) as file, answering():
            try:
                self.engine.client.api.put_archive(container, folder, archive(files, place, self.item, file, tell))
            except APIError as error:
                raise DataError(
                    f"the folder {folder} of {self.part.service} cannot be written: {error.explanation}",
                    details=["nothing of it was changed"],
                    next="invoke doctor",
                ) from error


def _main(files: Files) -> str:
    """The file that has the keys, below the server's folder."""
    if not files.log:
        return files.rdb
    return f"{files.log}/{files.base}.1.base.rdb" if files.base else files.log


def archive(files: Files, place: str, item: Item, file: pipes.Readable, tell: Callable[[int], None]) -> Iterator[bytes]:
    """A tar of a server's files, piece by piece."""
    names = place.rstrip("/").split("/") if place else []
    folders = ["/".join(names[: end + 1]) for end in range(len(names))]
    if files.base:
        folders.append(f"{place}{files.log}")
    for each in folders:
        yield _header(each, 0, tarfile.DIRTYPE)
    yield _header(f"{place}{_main(files)}", item.size)
    yield from pipes.pieces(pipes.Told(file, tell))
    yield bytes(-item.size % tarfile.BLOCKSIZE)
    if files.base:
        # What is written from now on goes into the second; the last names both.
        listed = f"file {files.base}.1.base.rdb seq 1 type b\nfile {files.base}.1.incr.aof seq 1 type i\n"
        for name, text in ((f"{files.base}.1.incr.aof", ""), (f"{files.base}.manifest", listed)):
            yield _header(f"{place}{files.log}/{name}", len(text))
            yield text.encode() + bytes(-len(text) % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.type = size, kind
    member.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644  # whoever the server runs as
    return member.tobuf(tarfile.GNU_FORMAT)
