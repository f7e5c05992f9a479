"""A variable that is set twice: the last line counts, and people edit the first."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding

NAME = "duplicate"


def check(context: Context) -> Iterator[Finding]:
    """Yield each further line that sets the same variable."""
    first: dict[str, int] = {}
    for entry in context.env.entries:
        if entry.assigned and entry.key not in first:
            first[entry.key] = entry.line
        elif entry.assigned:
            what = f"sets the same variable as line {first[entry.key]}"
            if context.name(entry):
                what = f"is already set in line {first[entry.key]}"
            why = "the last line counts; a change of the other line has no effect"
            yield context.about_entry(NAME, entry, what, why, "remove one of the two lines", offset=None)
