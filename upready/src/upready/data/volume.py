"""A named volume, read and written through the engine alone: no program within any container is needed."""

from __future__ import annotations

import contextlib
import hashlib
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from upready.data import guard, kinds
from upready.data.archive import member_name
from upready.data.manifest import Item, Part
from upready.engine.connection import flowing
from upready.releases import carrier
from upready.runtime.docker.engine import Engine, answering
from upready.support import next_step, pipes
from upready.support.errors import DataError, EngineError

if TYPE_CHECKING:
    from upready.data import sqlite
    from upready.data.archive import Writer
    from upready.data.sources import Data, Source

FOLDER = "/volume"

_GZIP = 31
"""zlib's number for a gzip file with the largest window."""

_LEVEL = 3
"""How much it tries to make them smaller: more takes longer than a disk."""

Keep = Callable[[str], Callable[[bytes], None]]
"""Given the path of a file that is met in a tar, gives what takes its pieces: see `upready.data.sqlite.Copies.file`."""


def read(
    data: Data,
    source: Source,
    writer: Writer,
    progress: Callable[[str, int], None],
    aside: Mapping[str, str] | None = None,
    *,
    whole: bool = True,
) -> Part:
    """Write a service's volumes into a backup, while the containers that use them are held still.

    With `aside`, only a folder of each volume is meant, which nobody uses: its path, by the volume's name. Without
    `whole`, databases of SQLite may be broken: they are about to be replaced.

    Raises:
        DataError: A database of SQLite is not whole.
        EngineError: The engine does not answer.
        OSError: The file cannot be written.
    """
    engine = data.engine(source)
    tidy(engine, data.project)

    from upready.data import sqlite

    def pack(name: str, databases: sqlite.Copies) -> Item:
        member = writer.unused(f"{member_name(source.service)}/{member_name(name)}.tar.gz")
        place = (aside or {}).get(name, FOLDER)
        with writer.member(member) as write:
            found = _pack(engine, data.project, name, place, write, told, databases.file)
        return Item(name, member, found.size, files=found.files, digest=found.digest)

    def told(count: int) -> None:
        progress(source.service, count)

    with contextlib.ExitStack() as opened:
        names = {
            name: opened.enter_context(sqlite.copies(source.kind == kinds.SQLITE)) for name in aside or source.volumes
        }
        with guard.still(engine, () if aside else source.users, source.read):
            packed = [pack(name, databases) for name, databases in names.items()]
        # By now who uses them goes on.
        contents = [_content(each, whole=whole) for each in names.values()]
    items = [replace(item, rows=each.rows, schema=each.schema) for item, each in zip(packed, contents, strict=True)]
    read = source.read if source.users else "stopped"
    container = source.container
    return Part(source.service, source.kind, source.image, container.image_id, "", read, tuple(items))


def _content(databases: sqlite.Copies, *, whole: bool) -> sqlite.Content:
    from upready.data import sqlite

    try:
        return databases.content()
    except DataError:
        if whole:
            raise
        return sqlite.Content()


def databases(engine: Engine, project: str, source: Source) -> dict[str, sqlite.Content]:
    """What the SQLite databases of a service's volumes hold now, by volume, while it goes on.

    Raises:
        DataError: One changed so much meanwhile that this cannot be told, or is not whole.
    """
    from upready.data import sqlite

    found = {}
    for name in source.volumes:
        with sqlite.copies() as kept:
            content(engine, project, name, keep=kept.file)
            found[name] = kept.content()
    return found


def _nothing(_: str) -> Callable[[bytes], None]:
    """Keep no file."""
    return lambda _: None


@dataclass(frozen=True)
class Survey:
    """What a tar holds: how many files and folders, bytes in them, and one number for all that counts of them."""

    files: int
    size: int
    digest: str


def survey(source: pipes.Readable, keep: Keep = _nothing) -> Survey:
    """Read a tar to its end; `keep` gets each file.

    The number is the same for the same names, kinds, modes, owners, targets of links and contents, in any order.

    Raises:
        tarfile.TarError: It is none, or it is cut.
    """
    files = size = total = 0
    with tarfile.open(fileobj=cast("Any", source), mode="r|", bufsize=pipes.PIECE) as archive:
        for member in archive:
            digest = hashlib.sha256()
            name = member.name.strip("/").partition("/")[2]
            if member.isreg() and (content := archive.extractfile(member)):
                take = keep(name)
                for piece in pipes.pieces(content):
                    digest.update(piece)
                    take(piece)
            said = [name, member.type, member.mode, member.uid, member.gid, member.size, member.linkname]
            digest.update(repr(said).encode("utf-8", "surrogateescape"))
            if name:  # not the folder of the volume itself
                files += 1
                size += member.size
                total = (total + int.from_bytes(digest.digest(), "big")) % (1 << 256)
            archive.members.clear()  # type: ignore[attr-defined] # it would keep each of them
    return Survey(files, size, f"{total:064x}")


def content(engine: Engine, project: str, volume: str, path: str = FOLDER, keep: Keep = _nothing) -> Survey:
    """What a volume, or a folder of it, holds; `keep` gets each file."""
    with opened(engine, project, volume) as container, _whole(f"the volume {volume}"):
        return survey(_Chunks(_archive(engine, container, path)), keep)


@contextmanager
def _whole(what: str) -> Iterator[None]:
    """Tell where what the engine gives of a volume is no whole tar: it cannot go on behind a file that got shorter."""
    try:
        yield
    except tarfile.TarError as error:
        raise DataError(
            f"{what} could not be read: {error}",
            details=[
                "a file in it became shorter while it was read",
                "whoever writes to it can be held still meanwhile: x-ops.data with read: paused, or stopped",
            ],
            next=next_step.AGAIN,
        ) from error


def holds(engine: Engine, project: str, volume: str, path: str) -> bool:
    """Whether there is a file or a folder at a path below `FOLDER`."""
    from docker.errors import NotFound

    with opened(engine, project, volume) as container, answering():
        try:
            chunks, _ = engine.client.api.get_archive(container, path)
            chunks.close()
        except NotFound:
            return False
    return True


def unpack(engine: Engine, project: str, volume: str, path: str, archive: pipes.Readable) -> None:
    """Put what `read` has written into a volume, below the folder `path`, which is there; `/` is the volume itself.

    Raises:
        DataError: The engine refuses it: its disk is full.
        EngineError: The engine does not answer.
    """
    from docker.errors import APIError

    with opened(engine, project, volume) as container, answering():
        try:
            engine.client.api.put_archive(container, path, plain(archive))
        except APIError as error:
            raise DataError(
                f"the volume {volume} cannot be written: {error.explanation}",
                details=["nothing of it was changed"],
                next="invoke doctor",
            ) from error


def plain(archive: pipes.Readable) -> Iterator[bytes]:
    """A compressed tar without its compression, a piece after the other.

    Raises:
        zlib.error: It is not compressed, or broken.
    """
    loosened = zlib.decompressobj(_GZIP)
    for piece in pipes.pieces(archive):
        left = piece
        while left:
            if found := loosened.decompress(left, pipes.PIECE):
                yield found
            left = loosened.unconsumed_tail
    if found := loosened.flush():
        yield found


def packed_content(archive: pipes.Readable, keep: Keep = _nothing) -> Survey:
    """What a compressed tar holds, which is read to its end; `keep` gets each file."""
    return survey(_Chunks(plain(archive)), keep)


def tidy(engine: Engine, project: str) -> None:
    """Remove the containers that a killed task has left, through which volumes were read; the lock must be held."""
    with answering():
        left = engine.client.api.containers(
            all=True, filters={"label": f"{guard.LABEL}={project}", "status": ["created", "exited"]}
        )
    for each in left:
        carrier.remove(engine, each["Id"])


@contextmanager
def opened(engine: Engine, project: str, volume: str) -> Iterator[str]:
    """A container that is never started and has a volume at `FOLDER`, for the block: its id."""
    from docker.types import Mount

    mount = Mount(FOLDER, volume, type="volume", no_copy=True)
    made = carrier.make(engine, {guard.LABEL: project}, mounts=[mount])
    try:
        yield made
    except EngineError:
        raise  # nobody waits for a second answer that does not come: `tidy` removes it
    except BaseException:
        carrier.remove(engine, made)
        raise
    carrier.remove(engine, made)


def _pack(
    engine: Engine,
    project: str,
    volume: str,
    path: str,
    write: Callable[[bytes], None],
    tell: Callable[[int], None],
    keep: Keep,
) -> Survey:
    """Write a volume as a compressed tar, which is read to its end meanwhile; `keep` gets each file."""
    pressed = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)

    def take(piece: bytes) -> None:
        write(pressed.compress(piece))
        tell(len(piece))

    with opened(engine, project, volume) as container, _whole(f"the volume {volume}"):
        source = _Chunks(_archive(engine, container, path), take)
        found = survey(source, keep)
        for _ in pipes.pieces(source):  # what stands behind the end
            pass
    write(pressed.flush())
    return found


def _archive(engine: Engine, container: str, path: str) -> Iterator[bytes]:
    """A folder as a tar, a piece after the other."""
    with answering():
        chunks, _ = engine.client.api.get_archive(container, path, chunk_size=pipes.PIECE)
    yield from flowing(iter(chunks), engine.heartbeat)


def file(engine: Engine, container: str, path: str) -> Iterator[bytes]:
    """A file in a container, a piece after the other.

    Raises:
        DataError: There is none.
    """
    from docker.errors import NotFound

    try:
        with (
            _whole(path),
            tarfile.open(fileobj=cast("Any", _Chunks(_archive(engine, container, path))), mode="r|") as archive,
        ):
            for member in archive:
                if content := archive.extractfile(member):
                    yield from pipes.pieces(content)
    except NotFound as error:
        raise DataError(f"{path} is not there any more", next="invoke backup --list") from error


class _Chunks:
    """Something to read from that gives the bytes of an iterator, and hands each on to `keep`."""

    def __init__(self, chunks: Iterator[bytes], keep: Callable[[bytes], None] = lambda _: None) -> None:
        self._chunks, self._keep, self._held = chunks, keep, b""

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes; none at the end."""
        if not self._held:
            self._held = next(self._chunks, b"")
            self._keep(self._held)
        count = len(self._held) if size < 0 else size
        found, self._held = self._held[:count], self._held[count:]
        return found
