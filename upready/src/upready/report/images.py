"""The sizes of images."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from upready import report
from upready.operations.images import Image
from upready.report.columns import Column, FittingTable
from upready.support import units


def show(found: Sequence[Image], *, as_json: bool) -> int:
    """Print a table, or the JSON document. The exit code is 5 when an image is over its budget."""
    over = any(each.within is False for each in found)
    if as_json:
        report.document({"images": [each.as_dict() for each in found]})
        return 5 if over else 0
    table = FittingTable(
        Column("service"),
        Column("image", drop=1),
        Column("size", right=True),
        Column("adds", right=True),
        Column("budget", right=True),
        Column("to its base", drop=2),
    )
    for each in found:
        colour = {True: "green", False: "red", None: ""}[each.within]
        table.add_row(
            each.service,
            report.clean(each.image),
            units.size(each.size) if each.size is not None else "missing",
            Text(units.size(each.added), style=colour),
            units.size(each.budget),
            each.base or "-",
        )
    report.console().print(table)
    for each in found:
        if each.layers:
            report.say(f"the largest layers of {each.image}:")
        for layer in each.layers:
            report.say(f"  {units.size(layer.size):>9}  {layer.instruction}")
    for each in found:
        if each.within is False:
            report.say(
                f"{each.service} is over its budget: adds {units.size(each.added)}, may {units.size(each.budget)}"
            )
    if over:
        report.say_next("make the largest layers smaller, or raise x-ops.size-budget, then: invoke images")
    return 5 if over else 0
