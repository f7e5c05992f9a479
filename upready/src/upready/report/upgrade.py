"""Upgrading a database: the question before, and what came of it."""

from __future__ import annotations

import sys
from pathlib import Path

from upready import report
from upready.operations.upgrade_work import Upgraded
from upready.report import launch as launch_report
from upready.support import next_step, streams, units
from upready.support.errors import UsageError


def confirm(what: str) -> None:
    """Have the user type `yes`.

    Raises:
        UsageError: Something else was typed, or there is no terminal to type it at.
    """
    if not sys.stdin.isatty():
        raise UsageError(f"this would {what}; nobody is here to confirm it", next=next_step.again("--yes"))
    report.errors().print(f"This would {what}. Type yes to go on: ", end="", markup=False, soft_wrap=True)
    if streams.lost("stderr") or streams.read_line().strip() != "yes":
        raise UsageError("not confirmed; nothing was changed", next=next_step.AGAIN)


def ended(done: Upgraded, *, forgotten: bool, as_json: bool) -> int:
    """Print what was done. Returns the exit code: that of the start where the new version was started."""
    code = done.launch.error.code if done.launch and done.launch.error else 0
    if as_json:
        report.document(done.as_dict())
        return code
    if forgotten:
        report.say(f"removed from {_place(done)}: {', '.join(done.kept) or 'nothing'}")
        return 0
    if not done.old:
        report.say(f"{done.service}: the data in {done.volume} are of PostgreSQL {done.new} already")
        return 0
    report.say(f"{done.service}: PostgreSQL {done.old} is {done.new} now, in {units.duration(done.seconds)}:")
    for database, rows in done.rows.items():
        report.say(f"  {database}: {units.counted(sum(rows.values()), 'row')} in {units.counted(len(rows), 'table')}")
    report.say(f"the old data stay in the folder {done.kept[0]} of {_place(done)}")
    report.say_next(f"once all is well: invoke upgrade {done.service} --forget")
    return launch_report.ended(done.launch, as_json=False) if done.launch else 0


def _place(done: Upgraded) -> str:
    """Where the data are: a volume, or natively a folder."""
    path = Path(done.volume)
    return str(path.parent) if path.is_absolute() else f"the volume {done.volume}"
