"""A `.env` that other users of the machine can read."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.support import files, platform

NAME = "permissions"


def check(context: Context) -> Iterator[Finding]:
    """Yield the file if its mode lets other users read it."""
    # Git writes tracked files so that everyone can read them: a tracked file holds nothing secret.
    if context.git == "tracked" or not files.is_file(context.env.path):
        return
    if platform.readable_by_others(context.env.path):
        why = "it holds secrets" if context.secrets() else "it may hold secrets later"
        yield Finding(NAME, ".env can be read by other users of this machine", why, "chmod 600 .env")
