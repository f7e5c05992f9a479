"""A value that compose and python-dotenv read differently: the app run on the host sees another one."""

from __future__ import annotations

from collections.abc import Iterator

from dotenv.variables import parse_variables

from ops.dotenv.context import Context
from ops.dotenv.finding import Finding

NAME = "reader"


def check(context: Context) -> Iterator[Finding]:
    """Yield each variable of the file that the two disagree about."""
    if context.unreadable is not None:
        return
    theirs = _resolved(context)
    for value in context.values.values():
        if value.in_file is None:
            continue
        # Where the shell wins, the file's own value is the one to compare; `shell` tells of the rest.
        ours = value.in_file if value.source == "shell" or value.given is None else value.given
        if theirs.get(value.name) == ours.reveal():
            continue
        line, column = context.place(value.name, of_value=True)
        yield Finding(
            severity="warning",
            check=NAME,
            variable=value.name,
            line=line,
            column=column,
            message=f"{value.name or 'a line without a name'} is read differently by compose and by python-dotenv",
            why="the app run on the host sees another value than the one in a container",
            fix=f"invoke env.set {value.name} writes it so that both agree" if value.name else "remove the line",
        )


def _resolved(context: Context) -> dict[str, str | None]:
    """Every value as python-dotenv gives it: `${NAME}` from what stands above, else from the shell."""
    found: dict[str, str | None] = {}
    for entry in context.env.entries:
        if not entry.readable or not entry.key:
            continue
        value = entry.parsed
        if value is not None and "${" in value:
            known = {**context.shell, **found}
            value = "".join(atom.resolve(known) for atom in parse_variables(value))
        found[entry.key] = value
    return found
