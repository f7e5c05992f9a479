"""What is not there: the file, a required variable, or one that compose needs and gets from nowhere."""

from __future__ import annotations

from collections.abc import Iterator

from ops import files
from ops.dotenv import remedy
from ops.dotenv.context import Context
from ops.dotenv.finding import Finding
from ops.dotenv.schema import Variable

NAME = "missing"


def check(context: Context) -> Iterator[Finding]:
    """Yield the missing file, and each variable that something needs and nothing gives."""
    missing = [variable for variable in context.schema.variables.values() if _is_missing(context, variable)]
    if context.env.exists:
        for variable in missing:
            yield _variable(context, variable)
    elif missing or _is_read_whole(context) or (context.schema.variables and not context.schema.decorated):
        yield _file(context, missing)
    done = {variable.name for variable in missing}
    yield from _unset(context, done)
    if context.env.exists and not context.schema.decorated:
        yield from _left_out(context, done)


def _is_read_whole(context: Context) -> bool:
    return context.uses.whole_files.get(files.real(context.env.path), False)


def _is_missing(context: Context, variable: Variable) -> bool:
    value = context.values[variable.name]
    return variable.required_in(context.environment) and value.given is None and not context.is_swallowed(variable.name)


def _file(context: Context, missing: list[Variable]) -> Finding:
    names = ", ".join(variable.name for variable in missing)
    return Finding(
        severity="error",
        check=NAME,
        variable="",
        line=0,
        column=0,
        message=".env is missing",
        why=f"{context.environment} requires {names}" if names else "nothing of what may be set is set",
        fix="invoke env.init",
    )


def _variable(context: Context, variable: Variable) -> Finding:
    what = f": {variable.description}" if variable.description else ""
    return Finding(
        severity="error",
        check=NAME,
        variable=variable.name,
        line=0,
        column=0,
        message=f"{variable.name} is required and missing{what}".rstrip("."),
        why=f"{context.schema.path.name} requires it for {context.environment}",
        fix=remedy.missing(context, variable.name),
    )


def _left_out(context: Context, done: set[str]) -> Iterator[Finding]:
    """Variables that a schema without decorators lists: all that it says is that `.env` has them."""
    for variable in context.schema.variables.values():
        value = context.values[variable.name]
        if variable.name in done or value.given is not None or context.is_swallowed(variable.name):
            continue
        yield Finding(
            severity="warning",
            check=NAME,
            variable=variable.name,
            line=0,
            column=0,
            message=f"{variable.name} is in {context.schema.path.name} and not in .env",
            why="compose takes a default for it" if value.source == "default" else "what needs it does not get it",
            fix=remedy.missing(context, variable.name),
        )


def _unset(context: Context, done: set[str]) -> Iterator[Finding]:
    """Variables that the compose files use and nothing sets: compose refuses, or silently puts nothing there."""
    for use in context.uses.references:
        value = context.values.get(use.name)
        if value is None or use.name in done or value.source in ("shell", "file", "default"):
            continue
        if (not use.demands_value and not use.blank_without_value) or context.is_swallowed(use.name):
            continue
        done.add(use.name)
        yield Finding(
            severity="error" if use.demands_value else "warning",
            check=NAME,
            variable=use.name,
            line=use.line,
            column=use.column,
            message=f"{use.name} is set nowhere",
            why="compose refuses to start without it"
            if use.demands_value
            else "compose silently puts nothing in its place",
            fix=remedy.missing(context, use.name),
            file=use.file or "compose",
        )
