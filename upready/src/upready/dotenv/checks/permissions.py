"""A `.env` that other users of the machine may read."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.support import files, platform

NAME = "permissions"


def check(context: Context) -> Iterator[Finding]:
    """Yield the file when its mode lets others read it."""
    if not files.is_file(context.env.path) or not platform.readable_by_others(context.env.path):
        return
    # Git writes what it tracks so that all may read it: who tracks it has nothing to hide from this machine's users.
    if context.git == "tracked":
        return
    yield Finding(
        severity="warning",
        check=NAME,
        variable="",
        line=0,
        column=0,
        message=".env can be read by other users of this machine",
        why="it holds secrets" if context.secrets() else "it may come to hold secrets",
        fix="chmod 600 .env",
    )
