"""Read a MySQL or MariaDB into a backup: each database as SQL, compressed, and what belongs to its tables."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace

from upready.data import mysql_accounts
from upready.data.archive import Writer, member_name
from upready.data.manifest import Item, LeftOut, Part
from upready.data.mysql import Server
from upready.data.mysql_rows import Counter
from upready.data.sources import Source
from upready.support import pipes
from upready.support.pipes import Readable

_GZIP, _LEVEL = 31, 3
"""zlib's number for a gzip file, and how much it tries: more takes longer than a disk."""


def read(
    source: Source,
    server: Server,
    writer: Writer,
    progress: Callable[[str, int], None],
    aside: Mapping[str, str] | None = None,
) -> Part:
    """Write a server's databases into a backup; the arguments are those of `backup.make`.

    Raises:
        ProgramError: A program of the server refuses.
        OSError: The file cannot be written.
    """
    folder = member_name(source.service)
    roles = ""
    if accounts := mysql_accounts.read(server):
        roles = writer.unused(f"{folder}/accounts.sql")
        with writer.member(roles) as write:
            write(accounts.encode())
    items: list[Item] = []
    left_out: list[LeftOut] = []
    names = {now: name for name, now in aside.items()} if aside else None
    for found in server.databases():
        if names is not None and found.name not in names:
            continue
        database = replace(found, name=names[found.name]) if names else found
        place = writer.unused(f"{folder}/{member_name(database.name)}.sql.gz").removesuffix(".sql.gz")
        parts = server.parts(found.name)
        with writer.member(f"{place}.sql.gz") as write, server.dump(found.name, parts) as dump:
            rows, digest = _pack(dump, write, lambda count: progress(source.service, count))
        definitions = server.definitions(found.name, parts)
        with writer.member(f"{place}.definitions.sql") as write:
            write(definitions.whole.encode("utf-8", "surrogateescape"))
        left_out += [
            LeftOut("view", f"{database.name}.{name}", f"which can be neither read nor made ({said})")
            for name, said in definitions.broken.items()
        ]
        items.append(
            Item(
                database.name,
                f"{place}.sql.gz",
                database.size,
                {name: rows.get(name, 0) for name in [*parts.tables, *rows]},
                server.schema_version(found.name, parts.tables),
                database.main,
                digest=digest,
                definitions=f"{place}.definitions.sql",
            )
        )
    return Part(
        source.service,
        source.kind,
        source.image,
        source.container.image_id,
        server.version(),
        "snapshot",
        tuple(items),
        roles,
        tuple(left_out),
    )


def digest(server: Server, database: str) -> str:
    """The SHA-256 of the dump that a database would have now."""
    found = hashlib.sha256()
    with server.dump(database, server.parts(database)) as dump:
        for piece in pipes.pieces(dump):
            found.update(piece)
    return found.hexdigest()


def _pack(dump: Readable, write: Callable[[bytes], None], tell: Callable[[int], None]) -> tuple[dict[str, int], str]:
    """Write a dump compressed; the rows that it holds, and the SHA-256 of its text."""
    pressed, counter, digest = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP), Counter(), hashlib.sha256()
    for piece in pipes.pieces(dump):
        counter.feed(piece)
        digest.update(piece)
        write(pressed.compress(piece))
        tell(len(piece))
    write(pressed.flush())
    return counter.rows, digest.hexdigest()
