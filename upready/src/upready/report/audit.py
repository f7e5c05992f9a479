"""Who changed what, as a table or as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from upready import report
from upready.report.columns import Column, FittingTable

_FIELDS = ("time", "task", "release", "result", "seconds", "by")


def show(entries: Sequence[Mapping[str, Any]], *, as_json: bool) -> int:
    """The changes, the newest first; returns the exit code."""
    if as_json:
        report.document({"changes": [{key: each.get(key) for key in _FIELDS} for each in entries]})
    elif not entries:
        report.say("Nothing was changed yet: invoke prod makes the first release.")
    else:
        columns = (Column("time"), Column("task"), Column("release"), Column("result"), Column("seconds", right=True))
        table = FittingTable(*columns, Column("by", drop=1))
        for each in reversed(entries):
            told = [str(each.get(key, "")) for key in _FIELDS]
            table.add_row(told[0][:19].replace("T", " "), *told[1:4], f"{each.get('seconds') or 0:.1f}", told[5])
        report.console().print(table)
    return 0
