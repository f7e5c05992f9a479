"""A value that is not of its variable's type."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv import remedy
from upready.dotenv.context import Context
from upready.dotenv.finding import Finding

NAME = "type"


def check(context: Context) -> Iterator[Finding]:
    """Yield each value that its declared type refuses; where the schema declares none, that a certain guess refuses."""
    for variable in context.schema.variables.values():
        value = context.values.get(variable.name)
        kind = variable.kind or context.guess(variable)
        # An empty value is `empty`'s business: a variable that is not required may be.
        if value is None or kind is None or value.given is None or not value.given.reveal().strip():
            continue
        wanted = kind.test(value.given.reveal())
        unexpanded = context.unreadable is not None and "$" in value.text
        if wanted is None or unexpanded:
            continue
        line, column = context.place(variable.name, of_value=True)
        where = " (it comes from the shell)" if value.source == "shell" else ""
        yield Finding(
            severity="error" if variable.kind is not None else "warning",
            check=NAME,
            variable=variable.name,
            line=line,
            column=column,
            message=f"{variable.name} {wanted}{where}",
            why="what reads it fails, or takes something else than was meant",
            fix=remedy.another(context, variable.name),
        )
