"""A variable that is set twice: the last one counts, and people edit the first."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding

NAME = "duplicate"


def check(context: Context) -> Iterator[Finding]:
    """Yield each further setting of a variable."""
    first: dict[str, int] = {}
    for entry in context.env.entries:
        if not entry.assigned:
            continue
        if entry.key not in first:
            first[entry.key] = entry.line
            continue
        name = context.name(entry)
        yield Finding(
            severity="warning",
            check=NAME,
            variable=name,
            line=entry.line,
            column=entry.column,
            message=f"{name or 'this name'} is set in line {first[entry.key]} already",
            why="the last one counts; a change of the other does nothing",
            fix="remove one of the two lines",
        )
