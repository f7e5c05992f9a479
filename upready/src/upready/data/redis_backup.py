"""Read a Redis into a backup: its keys at one moment, as an RDB file that its own program has looked at meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from upready.data import volume
from upready.data.archive import Writer, member_name
from upready.data.manifest import Item, Part
from upready.data.redis import Server
from upready.data.sources import Data, Source


def read(
    data: Data,
    source: Source,
    server: Server,
    writer: Writer,
    progress: Callable[[str, int], None],
    aside: Mapping[str, str] | None = None,
) -> Part:
    """Write a server's keys into a backup; the arguments are those of `backup.make`.

    With `aside`, the keys are those of a file in its container: its path, by the name of the file.

    Raises:
        ProgramError: A program of the server refuses.
        DataError: A file cannot be read.
        OSError: The backup cannot be written.
    """
    (name,) = aside or {server.files().rdb or "dump.rdb"}
    member = writer.unused(f"{member_name(source.service)}/{member_name(name)}")
    size = 0

    def keep(pieces: Iterable[bytes], feed: Callable[[bytes], None]) -> None:
        nonlocal size
        with writer.member(member) as write:
            for piece in pieces:
                write(piece)
                feed(piece)
                size += len(piece)
                progress(source.service, len(piece))

    if aside:
        keep(volume.file(data.engine(source), data.now(source).id, aside[name]), lambda _: None)
        rows = server.check_file(aside[name])
    else:
        with server.dump() as dump, server.checker() as (feed, keys):
            keep(dump, feed)
        rows = keys()
    item = Item(name, member, size, rows, main=True)
    container = source.container
    return Part(source.service, source.kind, source.image, container.image_id, server.version(), "snapshot", (item,))
