"""What is not there: the file, a required variable, or a variable that compose needs and that is set nowhere."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv import remedy
from upready.dotenv.context import Context, Refused
from upready.dotenv.finding import Finding, Severity
from upready.dotenv.schema import Variable
from upready.envfile.references import Use

NAME = "missing"

ONE_BY_ONE = 3
"""Up to this many variables of a schema without decorators have a finding each; more of them have one together."""


def check(context: Context) -> Iterator[Finding]:
    """Yield the missing file, and each variable that is needed and has no value."""
    missing = [variable for variable in context.schema.variables.values() if _is_missing(context, variable)]
    done = {variable.name for variable in missing}
    if not context.env.exists:
        needed = missing or context.refused or any(file.required for file in context.uses.readers(context.env.path))
        if needed or (context.schema.variables and not context.schema.decorated):
            yield _file(context, missing)
            # `env.init` writes all variables of the schema.
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


def _is_missing(context: Context, variable: Variable) -> bool:
    value = context.values[variable.name]
    return context.requires(variable.name) and value.given is None and not context.is_swallowed(variable.name)


def _file(context: Context, missing: list[Variable]) -> Finding:
    names = ", ".join(variable.name for variable in missing)
    why = f"{context.environment} requires {names}" if names else "no variable of the schema is set"
    return Finding(NAME, ".env is missing", why, "invoke env.init", "error")


def _variable(context: Context, variable: Variable) -> Finding:
    what = f": {variable.description}" if variable.description else ""
    return context.about_value(
        NAME,
        variable.name,
        f"{variable.name} is required and missing{what}".rstrip("."),
        f"{context.schema.path.name} requires it for {context.environment}",
        remedy.missing(context, variable.name),
        "error",
    )


def _refused(context: Context, refused: Refused, done: set[str]) -> Iterator[Finding]:
    """Variables without which compose cannot even read the compose files."""
    without = [name for name in context.schema.variables if name in refused.without]
    # Of files that compose cannot even list, nobody knows which variables they use.
    for name in [each for each in without if context.is_interpolated(each)] or without:
        if name not in done:
            done.add(name)
            why = f"compose cannot read the compose files without it: {refused.message}"
            fix = remedy.missing(context, name)
            yield context.about_value(NAME, name, f"{name} is set nowhere", why, fix, "error")


def _left_out(context: Context, done: set[str]) -> Iterator[Finding]:
    """Variables of a schema without decorators: it says only that they belong into `.env`."""
    by_default = {use.name for use in context.uses.references if use.has_default}
    read_whole = bool(context.uses.readers(context.env.path))
    names = [
        name
        for name in context.schema.variables
        if context.values[name].given is None
        and name not in done | by_default
        and (read_whole or context.is_interpolated(name) or context.mentions.of(name))
        and not context.is_swallowed(name)
    ]
    example = context.schema.path.name
    if len(names) > ONE_BY_ONE:
        some = ", ".join(names[:ONE_BY_ONE])
        message = f"{len(names)} variables of {example} are not in .env: {some} and {len(names) - ONE_BY_ONE} more"
        yield Finding(NAME, message, "the programs that need them do not get them", "invoke env.init")
        return
    for name in names:
        message, why = f"{name} is in {example} and not in .env", "the programs that need it do not get it"
        yield context.about_value(NAME, name, message, why, remedy.missing(context, name))


def _unset(context: Context, done: set[str]) -> Iterator[Finding]:
    """Variables that the compose files use and that are set nowhere: compose refuses, or uses an empty string."""
    given = context.interpolated
    for use in context.uses.references:
        if use.name not in context.values or use.name in done or use.name in given:
            continue
        if not (use.demands_value or use.blank_without_value) or not use.is_reached(given):
            continue
        # If no started service uses it, it matters only where compose refuses.
        if (use.name in context.uses.idle and not use.demands_value) or context.is_swallowed(use.name):
            continue
        done.add(use.name)
        yield _nowhere(context, use)


def _nowhere(context: Context, use: Use) -> Finding:
    why = "compose refuses to start without it" if use.demands_value else "compose uses an empty string in its place"
    files = dict.fromkeys(way.file for way in context.values[use.name].ways if way.file)
    if files:
        why += f"; {', '.join(files)} sets it, but an env_file is for containers only"
    message = f"{use.name} is set nowhere" if not files else f"{use.name} is not set for compose itself"
    fix = remedy.missing(context, use.name)
    severity: Severity = "error" if use.demands_value else "warning"
    return Finding(NAME, message, why, fix, severity, use.name, use.line, use.column, use.file or "compose")
