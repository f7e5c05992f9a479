"""A `.env` that git has: whoever can read the repository has its secrets, for ever."""

from __future__ import annotations

from collections.abc import Iterator

from ops.dotenv.context import Context
from ops.dotenv.finding import Finding

NAME = "tracked"


def check(context: Context) -> Iterator[Finding]:
    """Yield the file when git tracks it."""
    if context.git != "tracked":
        return
    secrets = [value.name for value in context.secrets() if value.in_file]
    yield Finding(
        severity="error" if secrets else "warning",
        check=NAME,
        variable="",
        line=0,
        column=0,
        message=".env is tracked by git",
        why=f"every clone has its secrets ({', '.join(secrets)})" if secrets else "the next secret in it is published",
        fix="git rm --cached .env, add .env to .gitignore, and change the secrets that were in it",
    )
