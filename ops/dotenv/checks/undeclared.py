"""A variable that a compose file uses and the schema does not know: nobody learns that it may be set."""

from __future__ import annotations

from collections.abc import Iterator

from ops.dotenv.context import Context
from ops.dotenv.finding import Finding
from ops.dotenv.uses import is_builtin

NAME = "undeclared"


def check(context: Context) -> Iterator[Finding]:
    """Yield each such variable once, where it is used first."""
    if not context.schema.exists:
        return
    done = set(context.schema.variables)
    for use in context.uses.references:
        if use.name in done or is_builtin(use.name):
            continue
        done.add(use.name)
        yield Finding(
            severity="warning",
            check=NAME,
            variable=use.name,
            line=use.line,
            column=use.column,
            message=f"{use.name} is used and not in {context.schema.path.name}",
            why="nobody learns that it may be set, and a typing error in its name stays unseen",
            fix=f"describe it in {context.schema.path.name}",
            file=use.file or "compose",
        )
