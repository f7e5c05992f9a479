"""Releases, as a table or as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from upready import report
from upready.releases.history import History
from upready.releases.plan import Change
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


def plan(changes: Sequence[Change], *, as_json: bool) -> int:
    """What would change, service by service; returns the exit code."""
    if as_json:
        report.document({"dry": True, "services": [each.as_dict() for each in changes]})
        return 0
    table = FittingTable(Column("service"), Column("action"), Column("because of"), Column("stopped first for", drop=1))
    for each in changes:
        table.add_row(each.service, each.action, ", ".join(each.reasons) or "-", each.order or "-")
    report.console().print(table)
    if any(each.gap for each in changes):
        report.say("A service that is replaced is away for as long as its new version takes to start.")
    return 0
