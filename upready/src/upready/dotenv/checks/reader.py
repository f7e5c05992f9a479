"""A value that compose and python-dotenv read differently: an app on the host gets another one."""

from __future__ import annotations

from collections.abc import Iterator

from dotenv.variables import parse_variables

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.envfile import document, quoting

NAME = "reader"


def check(context: Context) -> Iterator[Finding]:
    """Yield each variable of the file that the two read differently."""
    # An empty text means that compose reads other files (COMPOSE_ENV_FILES).
    if context.unreadable is not None or not context.env.text:
        return
    theirs = _resolved(context)
    for value in context.values.values():
        if value.in_file is None or context.is_raw(value.name):
            continue
        # If the shell wins, compare the file's own value; the check `shell` reports the difference.
        alone = value.interpolated
        ours = value.in_file if context.is_overridden(value.name) or alone is None else alone
        if theirs.get(value.name) == ours.reveal():
            continue
        yield context.about_value(
            NAME,
            value.name,
            f"{value.name or 'a line without a name'} is read differently by compose and by python-dotenv",
            "an app that runs on the host gets another value than the app in a container",
            _fix(context, value.name, ours.reveal()),
        )


def _fix(context: Context, name: str, value: str) -> str:
    if not name or context.env.get(name) is None:
        return "remove the line"
    try:
        again = document.parse(f"A={quoting.encode(value)}".encode(), context.env.path).get("A")
    except quoting.UnwritableError:
        return "remove the NUL from the value"
    if "${" in value or again is None or again.parsed != value:
        return f"choose a value without {'${' if '${' in value else 'backslashes'}, which both read in the same way"
    return f"both read what this writes: invoke env.set {name}"


def _resolved(context: Context) -> dict[str, str | None]:
    """Every value as python-dotenv reads it: `${NAME}` is a variable further up, or else the shell's."""
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
