"""Restoring a backup: the question before data is replaced, and what came of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from upready import report
from upready.data.backup import Backup
from upready.data.change import Loss
from upready.operations.restore import Restored
from upready.report import data as report_data
from upready.support import next_step, streams, units
from upready.support.errors import UsageError

_MOST = 20
"""Tables that are shown of each database."""


def confirm(project: str, backup: Backup, losses: Sequence[Loss]) -> None:
    """Show what would be lost, and have the user type the name of the project.

    Raises:
        UsageError: The name was not typed, or there is no terminal to type it at.
    """
    if not losses:
        return
    told = [line for loss in losses for line in _loss(loss)]
    if not sys.stdin.isatty():
        raise UsageError(
            f"this replaces the data of {project} by the backup {backup.id}, and nobody is here to confirm it",
            details=told,
            next=next_step.again("--yes"),
        )
    of = "" if backup.manifest.project == project else f" of {backup.manifest.project}"
    made = backup.manifest.created.replace("T", " ")
    what = f"This replaces the data of {project} by the backup {backup.id}{of}, made {made}:"
    report.say(what, style="bold red", as_json=True)
    for line in told:
        report.say(f"  {line}", as_json=True, quoted=True)
    report.errors().print(f"Type {project} to go on: ", end="", markup=False)
    # Without stderr the user has not seen the question.
    if streams.lost("stderr") or streams.read_line().strip() != project:
        raise UsageError("not confirmed; nothing was changed", next=next_step.AGAIN)


def restored(done: Restored, *, as_json: bool) -> int:
    """What was restored. Returns the exit code: that of the services which were restarted."""
    error = done.restarted.error if done.restarted else None
    if as_json:
        report.document(
            {
                "restored": report_data.described(done.backup),
                "before": report_data.described(done.before) if done.before else None,
                "into": list(done.into),
                **({"node": done.node} if done.node else {}),
                "gap": round(done.gap, 3),
                "restarted": done.restarted.as_dict() if done.restarted else None,
                **({"error": error.as_dict()} if error else {}),
            }
        )
        return error.code if error else 0
    if done.into:
        where = f" on {done.node}" if done.node else ""
        report.say(f"restored into {', '.join(done.into)}{where}; nothing else was changed")
        return 0
    report.say(f"restored from {done.backup.id}; {', '.join(done.services)} took no connection for {done.gap:.1f} s")
    if done.before:
        report.say(f"What was there before is in {done.before.path}")
        report.say(f"Back to it: invoke restore {done.before.id}")
    if error:
        report.failure(error)
    return error.code if error else 0


def _loss(loss: Loss) -> list[str]:
    newest = f", the newest of {loss.newest[:19].replace('T', ' ')}" if loss.newest else ""
    what, held = "database" if loss.unit == "row" else "keys", units.size(loss.size)
    if loss.files is not None:
        files, saved = loss.files
        what, held = "volume", f"{held}, {units.counted(files, 'file')}, {saved:,} in the backup"
    lines = [f"{what} {loss.name} of {loss.service}: {held}{newest}"]
    tables = sorted({*loss.rows, *loss.instead})
    for table in tables[:_MOST]:
        now, then = loss.rows.get(table), loss.instead.get(table)
        lines.append(f"  {table}: {_rows(now, loss.unit)} now, {_rows(then, loss.unit)} in the backup")
    if len(tables) > _MOST:
        lines.append(f"  and {len(tables) - _MOST} tables more")
    return lines


def _rows(count: int | None, unit: str) -> str:
    return "not there" if count is None else units.counted(count, unit)
