"""A required variable whose value is empty."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv import remedy
from upready.dotenv.context import Context
from upready.dotenv.finding import Finding

NAME = "empty"


def check(context: Context) -> Iterator[Finding]:
    """Yield each variable that is required, by the schema or by compose, and set to nothing."""
    demanded = {use.name for use in context.uses.references if use.operator == ":?"}
    for value in context.values.values():
        # A value of white space alone counts as empty.
        if value.given is None or value.given.reveal().strip():
            continue
        required = context.requires(value.name)
        if not required and value.name not in demanded:
            continue
        where = "in the shell" if value.name in context.shell else "in .env"
        where = "with this profile" if value.name in context.profile else where
        yield context.about_value(
            NAME,
            value.name,
            f"{value.name} is required and empty {where}",
            _why(context, value.name) if required else "compose refuses to start without it",
            remedy.another(context, value.name),
            "error",
            at_name=True,
        )


def _why(context: Context, name: str) -> str:
    required = context.schema.variables[name].required
    others = () if isinstance(required, bool) else required.names
    because = f", because of the value of {' and '.join(others)}" if others else ""
    return f"{context.environment} cannot run without it{because}"
