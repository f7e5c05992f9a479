"""Releases, as a table or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from upready import report
from upready.operations.step import Step
from upready.releases import migrations
from upready.releases.history import History, Release
from upready.releases.plan import Change
from upready.report import plan as plans
from upready.report.columns import Column, FittingTable
from upready.support import units

if TYPE_CHECKING:
    from upready.operations.release import Plan


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
                "backup": dict(each.backup) or None,
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
            migrated = ", ".join(each.migrations) or "-"
            table.add_row(each.release, state, migrated, each.created[:19].replace("T", " "), each.by)
        report.console().print(table)
    return 0


def forward(plan: Plan, *, as_json: bool) -> int:
    """What a release would do; returns the exit code."""
    if as_json:
        services = [each.as_dict() for each in plan.changes]
        content = {"dry": True, "services": services, "migrations": {}}
        report.document({**content, "runs_migrations": list(plan.migrations), "backs_up": list(plan.backed_up)})
        return 0
    _changes(plan.changes)
    if plan.migrations:
        before = f"; backed up before that: {', '.join(plan.backed_up)}" if plan.backed_up else ""
        report.say(f"The release runs the migrations of {', '.join(plan.migrations)}{before}.")
    if any(each.gap for each in plan.changes):
        report.say("At a terminal, invoke prod asks first; --yes answers. Without a terminal it goes on.")
    return 0


def back(changes: Sequence[Change], migrated: Sequence[Release], *, as_json: bool) -> int:
    """What a rollback would do; returns the exit code.

    Args:
        changes: Service by service.
        migrated: The releases that ran migrations which are not taken back.
        as_json: Whether as a JSON document.
    """
    if as_json:
        told = {each.release: list(each.migrations) for each in migrated}
        backups = {each.release: dict(each.backup) for each in migrated if each.backup}
        services = [each.as_dict() for each in changes]
        report.document({"dry": True, "services": services, "migrations": told, "backups": backups})
        return 0
    _changes(changes)
    for release in migrated:
        report.say(f"{release.release} ran the migrations of {', '.join(release.migrations)}; what they changed stays.")
        for line in migrations.kept(release.backup, release.by):
            report.say(f"  {line}")
    return 0


def _changes(changes: Sequence[Change]) -> None:
    columns = (Column("service"), Column("action"), Column("because of"), Column("image", drop=2))
    table = FittingTable(*columns, Column("stopped first for", drop=1))
    for each in changes:
        table.add_row(each.service, each.action, ", ".join(each.reasons) or "-", _image(each), each.order or "-")
    report.console().print(table)
    for each in changes:
        for hook in each.hooks:
            report.say(f"{each.service} runs {hook}")
    if gaps := [each for each in changes if each.gap]:
        if not all(each.held for each in gaps):
            report.say("A service that is replaced is away for as long as its new version takes to start.")
        if any(each.held for each in gaps):
            report.say("Behind the edge, requests wait meanwhile, for 30 s at most.")


def _image(change: Change) -> str:
    """The size of the image that it gets: `321.0 MB, was 325.1 MB`."""
    if change.image_size is None:
        return "-"
    was = "" if change.size_before is None else f", was {units.size(change.size_before)}"
    return units.size(change.image_size) + was


def surplus(names: Sequence[str], *, as_json: bool) -> int:
    """What a dry run of a removal tells; returns the exit code."""
    return plans.steps(
        "releases",
        [Step("remove", tuple(names), f"remove the releases {', '.join(names)}")] if names else [],
        as_json=as_json,
    )
