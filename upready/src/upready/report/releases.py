"""Releases, as a table or as JSON."""

from __future__ import annotations

from upready import report
from upready.releases.history import History
from upready.report.columns import Column, FittingTable


def show(history: History, *, as_json: bool) -> int:
    """The releases, the newest first; returns the exit code."""
    found = [(history.state(name), each) for name, each in reversed(history.releases.items())]
    if as_json:
        told = [
            {"release": each.release, "created": each.created, "commit": each.commit, "by": each.by, "state": state}
            for state, each in found
        ]
        report.document({"releases": told})
    elif not found:
        report.say("Nothing was released yet: invoke prod makes the first release.")
    else:
        table = FittingTable(Column("release"), Column("state"), Column("created", drop=2), Column("by", drop=1))
        for state, each in found:
            table.add_row(each.release, state, each.created[:19].replace("T", " "), each.by)
        report.console().print(table)
    return 0
