"""A variable of the shell that makes compose read another file than `.env`, or none."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.support import files, shell_words

NAME = "unread"


def check(context: Context) -> Iterator[Finding]:
    """Yield the variable of the shell that keeps compose from reading `.env`."""
    if not files.is_file(context.env.path):
        return
    for name in ("COMPOSE_ENV_FILES", "COMPOSE_DISABLE_ENV_FILE"):
        value = context.shell.get(name, "")
        if value and value.lower() not in ("0", "false", context.env.path.name):
            why = "compose does not read .env, or also reads other files"
            yield Finding(NAME, f"{name} is set in the shell", why, shell_words.removal(name), variable=name)
