"""A `.env` that git tracks: everyone who can read the repository has its secrets, for ever."""

from __future__ import annotations

import re
from collections.abc import Iterator

from upready.dotenv import password_strength
from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.dotenv.placeholder_words import is_placeholder
from upready.dotenv.value import Value

NAME = "tracked"


def check(context: Context) -> Iterator[Finding]:
    """Yield the file if git tracks it and it holds a secret that nobody can guess."""
    if context.git != "tracked":
        return
    # A file with well-known defaults may be tracked on purpose.
    secrets = [value.name for value in context.secrets() if _is_real(context, value)]
    if secrets:
        why = f"every clone has its secrets ({', '.join(secrets)})"
        fix = "add .env to .gitignore, change the secrets that were in it, then: git rm --cached .env"
        yield Finding(NAME, ".env is tracked by git", why, fix, "error")


def _is_real(context: Context, value: Value) -> bool:
    """Whether the file holds a secret that is no default, no placeholder and no weak one."""
    text = value.in_file.reveal() if value.in_file is not None else ""
    variable = context.schema.variables.get(value.name)
    if not text or (variable is not None and text == variable.default) or is_placeholder(text, secret=True):
        return False
    public = {each.text for each in context.values.values() if not each.sensitive}
    names = {part for each in (context.root.name, *context.uses.services, *public) for part in re.split(r"\W|_", each)}
    return password_strength.weakness(text, names) is None
