"""A variable of the shell that makes compose read another file than `.env`, or none."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.support import files, shell_words

NAME = "unread"


def check(context: Context) -> Iterator[Finding]:
    """Yield the variable of the shell that keeps compose from reading `.env`."""
    if context.read_files == (context.env.path,) or not files.is_file(context.env.path):
        return
    # Where compose reads any file all the same, it is not told to read none.
    name = "COMPOSE_ENV_FILES" if context.read_files else "COMPOSE_DISABLE_ENV_FILE"
    if context.shell.get(name):
        why = "compose does not read .env, or also reads other files"
        yield Finding(NAME, f"{name} is set in the shell", why, shell_words.removal(name), variable=name)
