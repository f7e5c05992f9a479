"""A variable of the schema that no file of the project uses: setting it has no effect."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.dotenv.usages import is_builtin

NAME = "unused"


def check(context: Context) -> Iterator[Finding]:
    """Yield each such variable, at its line in the schema."""
    # A service that gets the whole file may use any variable.
    if context.uses.readers(context.env.path):
        return
    for variable in context.schema.variables.values():
        name = variable.name
        if context.is_interpolated(name) or is_builtin(name) or context.mentions.of(name):
            continue
        message = f"{name} is used in no compose file, and no other file of the project mentions it"
        why = "setting it has no effect"
        fix = f"use it, or remove it from {context.schema.path.name}"
        place = (variable.line, variable.column, context.schema.path.name)
        yield Finding(NAME, message, why, fix, "warning", name, *place)
