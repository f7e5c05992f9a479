"""What is not there: the file, a required variable, or one that compose needs and gets from nowhere."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv import remedy
from upready.dotenv.context import Context, Refused
from upready.dotenv.finding import Finding
from upready.dotenv.schema import Variable
from upready.envfile.references import Use

NAME = "missing"

ONE_BY_ONE = 3
"""Variables that are told one by one; more of them have one cause, which is told once."""


def check(context: Context) -> Iterator[Finding]:
    """Yield the missing file, and each variable that something needs and nothing gives."""
    missing = [variable for variable in context.schema.variables.values() if _is_missing(context, variable)]
    done = {variable.name for variable in missing}
    if not context.env.exists:
        needed = missing or context.refused or _is_read_whole(context)
        if needed or (context.schema.variables and not context.schema.decorated):
            yield _file(context, missing)
            # They come with the file.
            done |= context.schema.variables.keys()
        yield from _unset(context, done)
        return
    for variable in missing:
        yield _variable(context, variable)
    if context.refused is not None:
        yield from _refused(context, context.refused, done)
    yield from _unset(context, done)
    if not context.schema.decorated:
        yield from _left_out(context, done)


def _is_read_whole(context: Context) -> bool:
    return any(file.required for file in context.uses.readers(context.env.path))


def _is_missing(context: Context, variable: Variable) -> bool:
    value = context.values[variable.name]
    return context.requires(variable.name) and value.given is None and not context.is_swallowed(variable.name)


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


def _refused(context: Context, refused: Refused, done: set[str]) -> Iterator[Finding]:
    """Variables without which compose cannot even read its files."""
    for name in context.schema.variables:
        if name not in refused.without or name in done:
            continue
        done.add(name)
        why = f"compose cannot read the compose files without it: {refused.words}"
        fix = remedy.missing(context, name)
        yield Finding("error", NAME, name, 0, 0, f"{name} is set nowhere", why, fix)


def _left_out(context: Context, done: set[str]) -> Iterator[Finding]:
    """Variables that a schema without decorators lists: all that it says is that `.env` has them."""
    by_default = {use.name for use in context.uses.references if use.has_default}
    read_whole = bool(context.uses.readers(context.env.path))
    names = [
        variable.name
        for variable in context.schema.variables.values()
        if context.values[variable.name].given is None
        and variable.name not in done | by_default
        and (read_whole or context.is_interpolated(variable.name) or context.mentions.of(variable.name))
        and not context.is_swallowed(variable.name)
    ]
    example = context.schema.path.name
    if len(names) > ONE_BY_ONE:
        some = ", ".join(names[:ONE_BY_ONE])
        yield Finding(
            severity="warning",
            check=NAME,
            variable="",
            line=0,
            column=0,
            message=f"{len(names)} variables of {example} are not in .env: {some} and {len(names) - ONE_BY_ONE} more",
            why="what needs them does not get them",
            fix="invoke env.init adds them; invoke env.diff lists them",
        )
        return
    for name in names:
        yield Finding(
            severity="warning",
            check=NAME,
            variable=name,
            line=0,
            column=0,
            message=f"{name} is in {example} and not in .env",
            why="what needs it does not get it",
            fix=remedy.missing(context, name),
        )


def _unset(context: Context, done: set[str]) -> Iterator[Finding]:
    """Variables that the compose files use and nothing sets: compose refuses, or silently puts nothing there."""
    given = context.interpolated
    for use in context.uses.references:
        if use.name not in context.values or use.name in done or use.name in given:
            continue
        if not (use.demands_value or use.blank_without_value) or not use.is_reached(given):
            continue
        # What no service gets that is started is compose's to refuse, and else nobody's concern.
        if (use.name in context.uses.idle and not use.demands_value) or context.is_swallowed(use.name):
            continue
        done.add(use.name)
        yield _nowhere(context, use)


def _nowhere(context: Context, use: Use) -> Finding:
    why = "compose refuses to start without it" if use.demands_value else "compose silently puts nothing in its place"
    files = [way.file for way in context.values[use.name].ways if way.file]
    if files:
        why += f"; {', '.join(dict.fromkeys(files))} sets it, which is for containers alone (env_file)"
    return Finding(
        severity="error" if use.demands_value else "warning",
        check=NAME,
        variable=use.name,
        line=use.line,
        column=use.column,
        message=f"{use.name} is set nowhere" if not files else f"{use.name} is not set for compose itself",
        why=why,
        fix=remedy.missing(context, use.name),
        file=use.file or "compose",
    )
