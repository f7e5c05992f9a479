"""A variable that a compose file needs and the schema does not have: nobody learns that it must be set."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.dotenv.usages import is_builtin

NAME = "undeclared"


def check(context: Context) -> Iterator[Finding]:
    """Yield each such variable once, at its first use without a default.

    If it is set nowhere, the check `missing` reports it.
    """
    if not context.schema.exists:
        return
    given = context.interpolated
    done: set[str] = set()
    for use in context.uses.references:
        if use.name in done or use.has_default or context.is_described(use.name) or is_builtin(use.name):
            continue
        is_missing = use.name not in given and (use.demands_value or use.blank_without_value)
        if is_missing or not use.is_reached(given):
            continue
        done.add(use.name)
        message = f"{use.name} is used and not in {context.schema.path.name}"
        why = "nobody learns that it must be set, and nobody notices a typing error in its name"
        fix = f"describe it in {context.schema.path.name}"
        place = (use.line, use.column, use.file or "compose")
        yield Finding(NAME, message, why, fix, "warning", use.name, *place)
