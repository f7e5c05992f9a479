"""Windows line ends: between quotes, and for other readers, the carriage return is part of the value."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding

NAME = "line-end"


def check(context: Context) -> Iterator[Finding]:
    """Yield the first line that ends with CRLF, or contains a lone CR."""
    at = context.env.text.find("\r")
    if at < 0:
        return
    message = ".env has Windows line ends (CRLF)"
    why = "a shell, `docker run --env-file` and values of several lines keep the carriage return"
    if context.env.text[at + 1 : at + 2] != "\n":
        message = ".env has a carriage return within a line"
        why = "for compose the line does not end there"
    line, column = context.env.position(at)
    fix = "save it with Unix line ends (LF)"
    yield Finding(NAME, message, why, fix, line=line, column=column)
