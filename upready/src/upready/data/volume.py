"""A named volume, read and written through the engine alone: no program within any container is needed."""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from upready.data import guard
from upready.data.archive import member_name
from upready.data.manifest import Item, Part
from upready.engine.connection import flowing
from upready.releases import carrier
from upready.runtime.docker.containers import Containers
from upready.runtime.docker.engine import Engine, answering
from upready.support import pipes
from upready.support.errors import DataError, EngineError

if TYPE_CHECKING:
    from upready.data.archive import Writer
    from upready.data.sources import Data, Source

FOLDER = "/volume"

_GZIP = 31
"""zlib's number for a gzip file with the largest window."""

_LEVEL = 3
"""How much it tries to make them smaller: more takes longer than a disk."""


def read(
    data: Data,
    source: Source,
    writer: Writer,
    progress: Callable[[str, int], None],
    aside: Mapping[str, str] | None = None,
) -> Part:
    """Write a service's volumes into a backup, while the containers that use them are held still.

    With `aside`, only a folder of each volume is meant, which nobody uses: its path, by the volume's name.

    Raises:
        EngineError: The engine does not answer.
        OSError: The file cannot be written.
    """
    connected = cast("Containers", data.connected)
    items = []
    tidy(connected, data.project)
    with guard.still(connected, () if aside else source.users, source.read):
        for name in aside or source.volumes:
            member = f"{member_name(source.service)}/{member_name(name)}.tar.gz"
            with writer.member(member) as write:
                found = _pack(
                    connected,
                    data.project,
                    name,
                    (aside or {}).get(name, FOLDER),
                    write,
                    lambda count: progress(source.service, count),
                )
            items.append(Item(name, member, found.size, files=found.files, digest=found.digest))
    read = source.read if source.users else "stopped"
    container = source.container
    return Part(source.service, source.kind, source.image, container.image_id, "", read, tuple(items))


@dataclass(frozen=True)
class Survey:
    """What a tar holds: how many files and folders, bytes in them, and one number for all that counts of them."""

    files: int
    size: int
    digest: str


def survey(source: pipes.Readable) -> Survey:
    """Read a tar to its end.

    The number is the same for the same names, kinds, modes, owners, targets of links and contents, in any order.

    Raises:
        tarfile.TarError: It is none, or it is cut.
    """
    files = size = total = 0
    with tarfile.open(fileobj=cast("Any", source), mode="r|", bufsize=pipes.PIECE) as archive:
        for member in archive:
            digest = hashlib.sha256()
            if member.isreg() and (content := archive.extractfile(member)):
                for piece in pipes.pieces(content):
                    digest.update(piece)
            name = member.name.strip("/").partition("/")[2]
            said = [name, member.type, member.mode, member.uid, member.gid, member.size, member.linkname]
            digest.update(repr(said).encode("utf-8", "surrogateescape"))
            if name:  # not the folder of the volume itself
                files += 1
                size += member.size
                total = (total + int.from_bytes(digest.digest(), "big")) % (1 << 256)
            archive.members.clear()  # type: ignore[attr-defined] # it would keep each of them
    return Survey(files, size, f"{total:064x}")


def content(engine: Engine, project: str, volume: str, path: str = FOLDER) -> Survey:
    """What a volume, or a folder of it, holds."""
    with opened(engine, project, volume) as container:
        return survey(_Chunks(_archive(engine, container, path)))


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


def packed_content(archive: pipes.Readable) -> Survey:
    """What a compressed tar holds, which is read to its end."""
    return survey(_Chunks(plain(archive)))


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
) -> Survey:
    """Write a volume as a compressed tar, which is read to its end meanwhile."""
    pressed = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)

    def keep(piece: bytes) -> None:
        write(pressed.compress(piece))
        tell(len(piece))

    with opened(engine, project, volume) as container:
        source = _Chunks(_archive(engine, container, path), keep)
        found = survey(source)
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
        with tarfile.open(fileobj=cast("Any", _Chunks(_archive(engine, container, path))), mode="r|") as archive:
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
