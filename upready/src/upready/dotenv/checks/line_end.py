"""Windows line ends: within quotes, and to other readers, the carriage return belongs to the value."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding

NAME = "line-end"


def check(context: Context) -> Iterator[Finding]:
    """Yield the first line that ends with CRLF, or holds a lone CR."""
    at = context.env.text.find("\r")
    if at < 0:
        return
    lone = context.env.text[at + 1 : at + 2] != "\n"
    line, column = context.env.position(at)
    yield Finding(
        severity="warning",
        check=NAME,
        variable="",
        line=line,
        column=column,
        message=".env has a carriage return within a line" if lone else ".env has Windows line ends (CRLF)",
        why="compose reads on behind it"
        if lone
        else "a shell, `docker run --env-file` and values of several lines keep it",
        fix="save it with Unix line ends (LF)",
    )
