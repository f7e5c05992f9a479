"""A COMPOSE_PROJECT_NAME that compose refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding

NAME = "project-name"

VARIABLE = "COMPOSE_PROJECT_NAME"
# Compose specification, `name`.
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


def check(context: Context) -> Iterator[Finding]:
    """Yield the name, if compose refuses it."""
    value = context.values.get(VARIABLE)
    if value is None or value.given is None or not value.text.strip() or _NAME.fullmatch(value.text):
        return
    valid = re.sub(r"[^a-z0-9_-]+", "-", value.text.lower()).strip("-_")
    yield context.about_value(
        NAME,
        VARIABLE,
        f"{VARIABLE} is not a valid project name",
        "compose refuses it: it takes lower-case letters, digits, - and _, with a letter or digit first",
        f"invoke env.set {VARIABLE}" + (f"={valid}" if valid else ""),
        "error",
    )
