"""Bytes that are no UTF-8: every reader makes something else of them."""

from __future__ import annotations

from collections.abc import Iterator

from ops.dotenv.context import Context
from ops.dotenv.finding import Finding

NAME = "encoding"


def check(context: Context) -> Iterator[Finding]:
    """Yield the first byte that is not UTF-8."""
    if context.env.undecodable is None:
        return
    line, column = context.env.undecodable
    utf16 = "\0" in context.env.text
    yield Finding(
        severity="error",
        check=NAME,
        variable="",
        line=line,
        column=column,
        message=".env is not UTF-8" + (" (UTF-16, as an editor on Windows saves it)" if utf16 else ""),
        why="compose, the containers and the app each read other characters, or fail",
        fix="save it as UTF-8 without a byte order mark",
    )
