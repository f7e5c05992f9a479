"""What a task would do, for `--dry`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from upready import report
from upready.operations.plan import Plan
from upready.operations.step import Step
from upready.report.columns import Column, FittingTable
from upready.support import shell_words


def show(plan: Plan, *, as_json: bool) -> int:
    """Print what a task would do to a stack; returns the exit code."""
    if as_json:
        report.document(plan.as_dict())
        return 0
    where = f"{plan.stack.project}, {plan.stack.environment}, {plan.runtime}"
    report.say(f"{plan.task} would ({where}):")
    for number, step in enumerate(plan.steps, start=1):
        report.say(_wrapped(f"  {number}. ", step.text))
    report.console().print(_table(plan))
    for each in plan.actions.services:
        if each.command:
            command = f"{shell_words.line(each.command)}  (in {each.directory})"
            report.say(_wrapped(f"{each.service}: ", command))
    report.say("nothing was done (--dry)")
    return 0


def _wrapped(head: str, text: str) -> str:
    """A line that may be long, in the columns that there are; what follows the first line is indented."""
    columns, indent = report.console().width, " " * min(len(head), 4)
    return textwrap.fill(head + text, columns, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _table(plan: Plan) -> FittingTable:
    """The services: what would be done to each, and when it counts as ready."""
    table = FittingTable(Column("service"), Column("action"), Column("ready when", drop=1))
    for each in plan.actions.services:
        table.add_row(*map(report.clean, (each.service, each.action.value, plan.waits.get(each.service, "-"))))
    return table


def steps(task: str, planned: Sequence[Step], *, as_json: bool, more: Mapping[str, Any] | None = None) -> int:
    """Print the steps of a task that would be done; returns the exit code.

    Args:
        task: Its name.
        planned: The steps, in their order.
        as_json: Whether to print one document.
        more: What else stands in the document.
    """
    if as_json:
        report.document({"dry": True, "task": task, "plan": [each.as_dict() for each in planned], **(more or {})})
        return 0
    for line in lines(task, planned):
        report.say(line)
    return 0


def lines(task: str, planned: Iterable[Step]) -> list[str]:
    """The steps for people, and that none of them was done."""
    told = [f"would {each.text}" for each in planned]
    return [*told, "nothing was done (--dry)"] if told else [f"{task} would do nothing"]
