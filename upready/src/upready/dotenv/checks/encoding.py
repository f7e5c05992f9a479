"""A file that is not UTF-8, or has a NUL: different programs read different values."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding

NAME = "encoding"


def check(context: Context) -> Iterator[Finding]:
    """Yield the first NUL, and the first byte that is not UTF-8 (a comment may have some)."""
    env = context.env
    nul = env.text.find("\0")
    if env.undecodable is None and nul >= 0 and not env.is_utf16:
        line, column = env.position(nul)
        message = ".env has a NUL character"
        why = "no variable of a process can have one: the service does not start, or gets only the part before it"
        yield Finding(NAME, message, why, "remove the NUL character", "error", line=line, column=column)
    if env.undecodable_value is not None or env.is_utf16:
        line, column = env.undecodable_value or (1, 1)
        message = ".env is not UTF-8" + (" (UTF-16, as some editors on Windows save it)" if env.is_utf16 else "")
        why = "compose, the containers and the app read different characters, or fail"
        fix = "save it as UTF-8 without a byte order mark"
        yield Finding(NAME, message, why, fix, "error", line=line, column=column)
