"""Debugging switched on in production: errors show their insides to whoever asks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from upready.dotenv import remedy
from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.envfile.kinds import FALSE

NAME = "debug"

# Anything else switches something on: `*` and `app:*` do in Node, a level's name in others.
_OFF = FALSE | {"", "none", "null"}


def check(context: Context) -> Iterator[Finding]:
    """Yield each debug switch that is on."""
    if not context.strict:
        return
    for value in context.values.values():
        if not re.search(r"(^|_)DEBUG$", value.name, re.IGNORECASE) or value.text.strip().lower() in _OFF:
            continue
        line, column = context.place(value.name, of_value=True)
        yield Finding(
            severity="error",
            check=NAME,
            variable=value.name,
            line=line,
            column=column,
            message=f"{value.name} is on",
            why="errors show source, settings and secrets to whoever asks",
            fix=remedy.another(context, value.name, to="false"),
        )
