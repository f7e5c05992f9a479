"""Backups: how far one is, what it holds, and which there are."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from upready import report
from upready.data import kinds
from upready.data.backup import Backup, Progress, silent
from upready.data.manifest import Item, Manifest, Part
from upready.operations.backup import Made
from upready.report.columns import Column, FittingTable
from upready.report.meter import Meter
from upready.support import units


@contextlib.contextmanager
def progress() -> Iterator[Progress]:
    """A line with what is read or written, how much, how fast, and how long it will take, on a terminal."""
    out = report.errors()
    if not out.is_terminal:
        yield silent
        return
    from rich.status import Status

    meter = Meter()
    with Status("", console=out) as status:

        def tell(what: str, count: int, of: int = 0, /) -> None:
            status.update(meter.add(what, count, of))

        yield tell


def made(done: Made, *, as_json: bool) -> int:
    """A backup that was made. Returns 0."""
    if as_json:
        report.document({**described(done.backup), "removed": [str(each) for each in done.removed]})
        return 0
    report.say(f"{done.backup.place}  ({units.size(done.backup.size)})")
    contents(done.backup.manifest)
    if done.removed:
        report.say(f"thrown away: {', '.join(each.name for each in done.removed)}")
    return 0


def proven(backup: Backup, *, as_json: bool) -> int:
    """A backup that was restored to prove it: its rows, table by table. Returns 0."""
    if as_json:
        report.document({"proven": described(backup)})
        return 0
    report.say(f"{backup.path.name} was restored, and all of it came back:")
    contents(backup.manifest)
    for part in backup.manifest.parts:
        for item in part.items:
            for table, count in item.rows.items():
                report.say(f"    {part.service} {item.name} {table}: {count:,}", quoted=True)
    return 0


def backups(found: Sequence[Backup], *, as_json: bool) -> int:
    """Which there are. Returns 0."""
    if as_json:
        report.document({"backups": [described(each) for each in found]})
        return 0
    if not found:
        report.say("No backup was made yet: invoke backup makes one.")
        return 0
    table = FittingTable(
        Column("id"), Column("size"), Column("rows"), Column("of"), Column("release", drop=1), Column("why", drop=2)
    )
    for each in found:
        services = ", ".join(part.service for part in each.manifest.parts)
        rows = f"{each.manifest.rows:,}"
        table.add_row(
            each.id, units.size(each.size), rows, services, each.manifest.release or "-", each.manifest.reason or "-"
        )
    report.console().print(table)
    return 0


def contents(manifest: Manifest) -> None:
    """What a backup holds, a line for each database and volume."""
    for part in manifest.parts:
        for item in part.items:
            report.say(f"  {part.service}: {_item(part, item)}{_how(part.read)}")


def described(backup: Backup) -> dict[str, Any]:
    """A backup in a JSON document."""
    return {"file": backup.place, "size": backup.size, **backup.manifest.as_dict()}


def _item(part: Part, item: Item) -> str:
    rows = f"{units.counted(sum(item.rows.values()), 'row')} in {units.counted(len(item.rows), 'table')}"
    schema = f", schema {item.schema}" if item.schema else ""
    if part.kind in kinds.FILES:
        held = f", {rows}{schema}" if item.rows else ""
        return f"volume {item.name}, {units.counted(item.files, 'file')}, {units.size(item.size)}{held}"
    if part.kind == kinds.REDIS:
        return f"{item.name}, {units.counted(sum(item.rows.values()), 'key')}, {units.size(item.size)}"
    return f"database {item.name}, {rows}{schema}"


def _how(read: str) -> str:
    return {"paused": " (paused meanwhile)", "stopped": " (stopped meanwhile)"}.get(read, "")
