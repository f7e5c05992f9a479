"""Stopping a project, and the question before its data is removed."""

from __future__ import annotations

import sys

from upready import report
from upready.operations.loss import Loss
from upready.operations.step import Step
from upready.report import plan
from upready.runtime.interface import Stopped
from upready.support import next_step, streams, units
from upready.support.errors import UsageError


def confirm_loss(loss: Loss) -> None:
    """Have the user type the name of the project before data is removed.

    Raises:
        UsageError: The name was not typed, or there is no terminal to type it at.
    """
    if not loss.volumes:
        return
    project, folders = loss.project, " and ".join(loss.folders)
    if not sys.stdin.isatty():
        raise UsageError(
            f"--volumes removes the data of {project} in {folders}, and nobody is here to confirm it",
            details=loss.told,
            next=next_step.again("--yes"),
        )
    # On stderr where stdout is for a JSON document.
    what = f"This removes the data of {project} in {folders} for good:"
    report.say(what, style="bold red", as_json=True)
    for line in loss.told:
        report.say(f"  {line}", as_json=True)
    kept = "A last backup is made before." if loss.backup else "No backup is made before."
    report.errors().print(f"{kept} Type {project} to go on: ", end="", markup=False)
    # Without stderr the user has not seen the question.
    if streams.lost("stderr") or streams.read_line().strip() != project:
        raise UsageError(
            "not confirmed; nothing was stopped or removed",
            next=next_step.either("invoke stop", next_step.AGAIN),
        )


def stopped(gone: Stopped, *, as_json: bool, dry: bool = False) -> int:
    """Print what a stop removed. Returns 0, also where there was nothing to remove."""
    if dry:
        return plan.steps("stop", _planned(gone), as_json=as_json, more=gone.as_dict())
    if as_json:
        report.document(gone.as_dict())
        return 0
    if not (gone.containers or gone.networks or gone.volumes or gone.kept):
        report.say(f"{gone.project}: nothing runs")
        return 0
    count = len(gone.containers)
    what = f"stopped {units.counted(count, 'container')}" if count else "nothing runs"
    report.say(f"{gone.project}: {what}")
    if gone.orphans:
        report.say(f"no compose file names them any more: {', '.join(gone.orphans)}")
    if gone.volumes:
        report.say(f"removed with their data: {', '.join(_placed(gone))}")
    for path in gone.backups:
        report.say(f"their last backup: {path}")
    for each in gone.kept:
        uses = "uses" if len(each.used_by) == 1 else "use"
        used = f", which {' and '.join(each.used_by)} {uses}" if each.used_by else ""
        where = f" on {each.node}" if each.node else ""
        report.warn(f"the {each.kind} {each.name}{where} stays{used}")
    return 0


def _placed(gone: Stopped) -> list[str]:
    """The volumes that go, those on other nodes of a swarm with the name of the node."""
    placed = [f"{name} on {node}" for node, names in gone.nodes.items() for name in names]
    return [*gone.volumes[: len(gone.volumes) - len(placed)], *placed]


def _planned(gone: Stopped) -> list[Step]:
    """The steps of a stop."""
    return [
        Step(does, tuple(names), f"{what}: {', '.join(names)}")
        for does, what, names in (
            ("stop", "stop and remove", gone.containers),
            ("remove", "remove the networks", gone.networks),
            ("remove", "remove, with their data", _placed(gone)),
        )
        if names
    ]
