"""A variable of the schema that no compose file uses: setting it does nothing."""

from __future__ import annotations

from collections.abc import Iterator

from ops import files
from ops.dotenv.context import Context
from ops.dotenv.finding import Finding
from ops.dotenv.uses import is_builtin

NAME = "unused"


def check(context: Context) -> Iterator[Finding]:
    """Yield each such variable, where the schema has it."""
    # A service that is given the whole file may use any of them.
    if files.real(context.env.path) in context.uses.whole_files:
        return
    used = context.uses.names()
    for variable in context.schema.variables.values():
        if variable.name in used or is_builtin(variable.name):
            continue
        yield Finding(
            severity="warning",
            check=NAME,
            variable=variable.name,
            line=variable.line,
            column=variable.column,
            message=f"{variable.name} is used in no compose file",
            why="setting it does nothing",
            fix=f"use it in a compose file, or remove it from {context.schema.path.name}",
            file=context.schema.path.name,
        )
