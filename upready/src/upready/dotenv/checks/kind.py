"""A value that does not fit its variable's type."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv import remedy
from upready.dotenv.context import Context
from upready.dotenv.finding import Finding

NAME = "type"


def check(context: Context) -> Iterator[Finding]:
    """Yield each value that its declared type refuses, or a guessed type if the schema declares none."""
    for variable in context.schema.variables.values():
        value = context.values.get(variable.name)
        kind = variable.kind or context.guess(variable)
        # `empty` reports empty values; a variable that is not required may be empty.
        if value is None or kind is None or value.given is None or not value.given.reveal().strip():
            continue
        wanted = kind.test(value.given.reveal())
        unexpanded = context.unreadable is not None and "$" in value.text
        if wanted is None or unexpanded:
            continue
        where = " (the value comes from the shell)" if value.source == "shell" else ""
        yield context.about_value(
            NAME,
            variable.name,
            f"{variable.name} {wanted}{where}",
            "the service will reject or misread this value",
            remedy.another(context, variable.name),
            "error" if variable.kind is not None else "warning",
        )
