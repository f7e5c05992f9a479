"""Releases, as a table or as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from upready import report
from upready.operations.step import Step
from upready.releases.history import History, Release
from upready.releases.plan import Change
from upready.report import plan as plans
from upready.report.columns import Column, FittingTable


def show(history: History, pruned: Sequence[str] = (), *, as_json: bool) -> int:
    """The releases, the newest first; returns the exit code.

    Args:
        history: What was released.
        pruned: The releases that were removed before.
        as_json: Whether as a JSON document.
    """
    found = [(history.state(each.release), each) for each in reversed(history.listed())]
    if as_json:
        told = [
            {
                "release": each.release,
                "created": each.created,
                "commit": each.commit,
                "by": each.by,
                "state": state,
                "migrations": list(each.migrations),
            }
            for state, each in found
        ]
        report.document({"releases": told, "pruned": list(pruned)})
        return 0
    if pruned:
        report.say(f"removed: {', '.join(pruned)}")
    if not found:
        report.say("Nothing was released yet: invoke prod makes the first release.")
    else:
        columns = (Column("release"), Column("state"), Column("migrations"), Column("created", drop=2))
        table = FittingTable(*columns, Column("by", drop=1))
        for state, each in found:
            migrations = ", ".join(each.migrations) or "-"
            table.add_row(each.release, state, migrations, each.created[:19].replace("T", " "), each.by)
        report.console().print(table)
    return 0


def plan(changes: Sequence[Change], migrated: Sequence[Release] = (), *, as_json: bool, asks: bool = False) -> int:
    """What would change, service by service; returns the exit code.

    Args:
        changes: Service by service.
        migrated: The releases that ran migrations which are not taken back.
        as_json: Whether as a JSON document.
        asks: Whether the task asks before a gap.
    """
    if as_json:
        told = {each.release: list(each.migrations) for each in migrated}
        report.document({"dry": True, "services": [each.as_dict() for each in changes], "migrations": told})
        return 0
    table = FittingTable(Column("service"), Column("action"), Column("because of"), Column("stopped first for", drop=1))
    for each in changes:
        table.add_row(each.service, each.action, ", ".join(each.reasons) or "-", each.order or "-")
    report.console().print(table)
    if gaps := [each for each in changes if each.gap]:
        if not all(each.held for each in gaps):
            report.say("A service that is replaced is away for as long as its new version takes to start.")
        if any(each.held for each in gaps):
            report.say("Behind the edge, requests wait meanwhile, for 30 s at most.")
    for release in migrated:
        report.say(f"{release.release} ran the migrations of {', '.join(release.migrations)}; what they changed stays.")
    if asks and gaps:
        report.say("At a terminal, invoke prod asks first; --yes answers. Without a terminal it goes on.")
    return 0


def surplus(names: Sequence[str], *, as_json: bool) -> int:
    """What a dry run of a removal tells; returns the exit code."""
    return plans.steps(
        "releases",
        [Step("remove", tuple(names), f"remove the releases {', '.join(names)}")] if names else [],
        as_json=as_json,
    )
