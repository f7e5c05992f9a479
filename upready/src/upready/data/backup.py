"""Make a backup of a stack's data: one file, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from upready.data import archive, encryption, kinds, mysql, mysql_backup, postgres_left_out, redis, redis_backup, volume
from upready.data.archive import Writer, member_name
from upready.data.manifest import Item, Manifest, Part
from upready.data.postgres import Server
from upready.data.postgres_listing import lister
from upready.data.sources import Data, Source
from upready.support import pipes
from upready.support.errors import DataError, EngineError
from upready.support.pipes import ProgramError


class Progress(Protocol):
    """Told how far it is."""

    def __call__(self, what: str, count: int, of: int = 0, /) -> None:
        """So many bytes more have come.

        Args:
            what: What is being read.
            count: Bytes of it that have come since the last call.
            of: Bytes that it will have about; 0 where nobody knows.
        """


def silent(_what: str, _count: int, _of: int = 0) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Backup:
    """A backup.

    Attributes:
        path: Its file; only its name, where it is elsewhere.
        manifest: What it is of.
        size: Bytes of it.
        address: Where it is, if that is not on this machine: `s3://…`.
    """

    path: Path
    manifest: Manifest
    size: int
    address: str = ""

    @property
    def place(self) -> str:
        """Where it is."""
        return self.address or str(self.path)

    @property
    def id(self) -> str:
        """Its name."""
        return self.manifest.id


def make(
    data: Data,
    sources: Sequence[Source],
    path: Path,
    *,
    now: datetime | None = None,
    reason: str = "",
    aside: Mapping[tuple[str, str], Mapping[str, str]] | None = None,
    progress: Progress = silent,
) -> Backup:
    """Read some of a stack's data into a file.

    Args:
        data: The stack's.
        sources: Which of it.
        path: The file; its folder is there.
        now: When it is made.
        reason: Why, where nobody asked for it.
        aside: For a source's key, its databases or volumes where only these are wanted, each with the name that the
            database has now, or the folder of the volume.
        progress: Told how far it is.

    Raises:
        DataError: It could not be made; nothing of it is left.
        EnvFileError: BACKUP_RECIPIENT is no key.
        EngineError: The engine does not answer.
    """
    moment = now or datetime.now(UTC)
    recipient = encryption.recipients(data.stack)
    try:
        with Writer(path, recipient) as writer:
            parts = tuple(
                _part(data, source, writer, progress, (aside or {}).get(source.key), reason) for source in sources
            )
            manifest = Manifest(
                id=f"{moment:%Y%m%dT%H%M%S}",
                created=f"{moment:%Y-%m-%dT%H:%M:%SZ}",
                project=data.project,
                environment=data.stack.environment,
                release=next((each.release for each in data.containers if each.release), ""),
                runtime=data.connected.name,
                parts=parts,
                reason=reason,
                recipient=recipient,
            )
            writer.finish(manifest)
    except OSError as error:
        raise archive.unwritable(path, error) from error
    return Backup(path, manifest, path.stat().st_size)


def _part(
    data: Data, source: Source, writer: Writer, progress: Progress, aside: Mapping[str, str] | None, reason: str
) -> Part:
    part = _read(data, source, writer, progress, aside, reason)
    if missing := sorted({*(aside or ())} - {each.name for each in part.items}):
        raise DataError(
            f"{source.service}: {', '.join(missing)} is not where it was put aside", next="invoke backup --list"
        )
    return part


def _read(
    data: Data, source: Source, writer: Writer, progress: Progress, aside: Mapping[str, str] | None, reason: str
) -> Part:
    if source.kind in kinds.FILES:
        return volume.read(data, source, writer, progress, aside, whole=not reason)
    try:
        if source.kind in (kinds.MYSQL, kinds.MARIADB):
            return mysql_backup.read(source, mysql.Server(data.call(source)), writer, progress, aside)
        if source.kind == kinds.REDIS:
            server = redis.Server(data.call(source), source.container)
            return redis_backup.read(data, source, server, writer, progress, aside)
        return _postgres(source, data.server(source), writer, progress, aside)
    except ProgramError as error:
        raise failed(source.service, error) from error


def failed(service: str, error: ProgramError, what: str = "could not be backed up") -> DataError | EngineError:
    """The error of a service's own program that refused."""
    if error.gone:
        from upready.engine import absence

        return absence.stopped()
    step = f"invoke logs --service {service}" if service else "invoke backup --list"
    return DataError(f"{service} {what}: {error}".strip(), details=error.said[-10:-1], next=step)


def _postgres(
    source: Source, server: Server, writer: Writer, progress: Progress, aside: Mapping[str, str] | None
) -> Part:
    roles = writer.unused(f"{member_name(source.service)}/roles.sql")
    with ThreadPoolExecutor(1, "roles") as beside:
        told = beside.submit(server.roles)
        left_out = beside.submit(lambda: () if aside else tuple(postgres_left_out.find(server, source.service)))
        version, databases = server.version_and_databases()
        with writer.member(roles) as write:
            write(told.result().encode())
    items: list[Item] = []
    size = sum(each.size for each in databases)
    names = {now: name for name, now in aside.items()} if aside else None
    for found in databases:
        if names is not None and found.name not in names:
            continue
        database = replace(found, name=names[found.name]) if names else found
        member = writer.unused(f"{member_name(source.service)}/{member_name(database.name)}.dump")
        itself = f"{member.removesuffix('.dump')}.database.json"
        rows = _dump(server, found.name, writer, member, lambda count: progress(source.service, count, size))
        schema = server.schema_version(found.name, rows)
        with writer.member(itself) as write:
            write(json.dumps(server.description(found.name)).encode())
        items.append(Item(database.name, member, database.size, rows, schema, database.main, definitions=itself))
    return Part(
        source.service,
        source.kind,
        source.image,
        source.container.image_id,
        version,
        "snapshot",
        tuple(items),
        roles,
        left_out.result(),
    )


def _dump(server: Server, database: str, writer: Writer, member: str, tell: Callable[[int], None]) -> dict[str, int]:
    """Write a database's dump, which PostgreSQL itself has looked at meanwhile; returns the rows of each table."""
    with ThreadPoolExecutor(1) as beside, server.snapshot(database) as snapshot:
        with (
            lister(server.listing) as (feed, _),
            writer.member(member) as write,
            server.dump(database, snapshot.name) as dump,
        ):
            # Counted in the dump's own snapshot, while it is made.
            rows = beside.submit(snapshot.rows)
            for piece in pipes.pieces(dump):
                write(piece)
                feed(piece)
                tell(len(piece))
        return rows.result()
