"""A required variable that stands there without a value."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv import remedy
from upready.dotenv.context import Context
from upready.dotenv.finding import Finding

NAME = "empty"


def check(context: Context) -> Iterator[Finding]:
    """Yield each variable that something needs and that is set to nothing."""
    demanded = {use.name: use for use in context.uses.references if use.operator == ":?"}
    for value in context.values.values():
        required = context.requires(value.name)
        if not required and value.name not in demanded:
            continue
        # White space alone is no value either.
        if value.given is None or value.given.reveal().strip():
            continue
        line, column = context.place(value.name)
        where = "in the shell" if value.name in context.shell else "in .env"
        where = "with this profile" if value.name in context.profile else where
        yield Finding(
            severity="error",
            check=NAME,
            variable=value.name,
            line=line,
            column=column,
            message=f"{value.name} is required and empty {where}",
            why=_why(context, value.name) if required else "compose refuses to start without it",
            fix=remedy.another(context, value.name),
        )


def _why(context: Context, name: str) -> str:
    required = context.schema.variables[name].required
    others = [] if isinstance(required, bool) else required.names
    return f"{context.environment} cannot run without it" + (
        f", as {' and '.join(others)} stands now" if others else ""
    )
