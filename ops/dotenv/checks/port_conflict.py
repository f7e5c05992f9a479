"""Two services on one port of this machine: the second does not start."""

from __future__ import annotations

from collections.abc import Iterator

from ops.dotenv.context import Context
from ops.dotenv.finding import Finding

NAME = "port-conflict"


def check(context: Context) -> Iterator[Finding]:
    """Yield each port variable that has the number of another."""
    first: dict[str, str] = {}
    for value in context.values.values():
        variable = context.schema.variables.get(value.name)
        kind = (variable.kind or context.guess(variable)) if variable is not None else None
        published = value.name in context.uses.published
        if not value.text.isdigit() or not (published or (kind is not None and kind.name == "port")):
            continue
        number = str(int(value.text))
        if number not in first:
            first[number] = value.name
            continue
        both = published and first[number] in context.uses.published
        line, column = context.place(value.name, of_value=True)
        yield Finding(
            severity="error" if both else "warning",
            check=NAME,
            variable=value.name,
            line=line,
            column=column,
            message=f"{value.name} is the same port as {first[number]}",
            why="the second service that asks for it does not start",
            fix=f"choose another port for one of them: invoke env.set {value.name}=…",
        )
