"""A `.env` that git has: whoever can read the repository has its secrets, for ever."""

from __future__ import annotations

import re
from collections.abc import Iterator

from upready.dotenv import strength
from upready.dotenv.compose_values import Value
from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.dotenv.placeholder import is_placeholder

NAME = "tracked"


def check(context: Context) -> Iterator[Finding]:
    """Yield the file when git tracks it, and a secret in it is one that not everybody can guess."""
    if context.git != "tracked":
        return
    secrets = [value.name for value in context.secrets() if value.in_file and _is_real(context, value)]
    if not secrets:
        # Defaults that everybody may know are tracked on purpose; the first real secret among them is told.
        return
    yield Finding(
        severity="error",
        check=NAME,
        variable="",
        line=0,
        column=0,
        message=".env is tracked by git",
        why=f"every clone has its secrets ({', '.join(secrets)})",
        fix="git rm --cached .env, add .env to .gitignore, and change the secrets that were in it",
    )


def _is_real(context: Context, value: Value) -> bool:
    """Whether somebody could do with a secret what not everybody can."""
    text = value.in_file.reveal() if value.in_file is not None else ""
    variable = context.schema.variables.get(value.name)
    if variable is not None and text == variable.default:
        return False
    if is_placeholder(text, secret=True):
        return False
    public = {each.text for each in context.values.values() if not each.sensitive}
    names = {part for each in (context.root.name, *context.uses.services, *public) for part in re.split(r"\W|_", each)}
    return strength.weakness(text, names) is None
