"""A COMPOSE_PROJECT_NAME that compose refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding

NAME = "project-name"

VARIABLE = "COMPOSE_PROJECT_NAME"
# Of the compose specification, `name`.
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


def check(context: Context) -> Iterator[Finding]:
    """Yield the name, where it is none for compose."""
    value = context.values.get(VARIABLE)
    if value is None or value.given is None or not value.text.strip() or _NAME.fullmatch(value.text):
        return
    line, column = context.place(VARIABLE, of_value=True)
    wanted = re.sub(r"[^a-z0-9_-]+", "-", value.text.lower()).strip("-_")
    yield Finding(
        severity="warning",
        check=NAME,
        variable=VARIABLE,
        line=line,
        column=column,
        message=f"{VARIABLE} is no name for a project",
        why="compose refuses it: it takes lower-case letters, digits, - and _, with a letter or digit first",
        fix=f"invoke env.set {VARIABLE}" + (f"={wanted}" if wanted else ""),
    )
