"""One secret for two purposes: who gets the one has the other, and one cannot be changed alone."""

from __future__ import annotations

from collections.abc import Iterator

from ops.dotenv import remedy
from ops.dotenv.context import Context
from ops.dotenv.finding import Finding

NAME = "reused-secret"


def check(context: Context) -> Iterator[Finding]:
    """Yield each secret whose value another one has, too."""
    first: dict[str, str] = {}
    for value in context.secrets():
        if value.text not in first:
            first[value.text] = value.name
            continue
        line, column = context.place(value.name, of_value=True)
        yield Finding(
            severity="warning",
            check=NAME,
            variable=value.name,
            line=line,
            column=column,
            message=f"{value.name} is the same secret as {first[value.text]}",
            why="who learns the one has the other, and neither can be changed alone",
            fix=f"choose another: {remedy.another(context, value.name)}",
        )
