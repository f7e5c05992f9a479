"""Bytes that are no UTF-8: every reader makes something else of them."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding

NAME = "encoding"


def check(context: Context) -> Iterator[Finding]:
    """Yield the first byte that is not UTF-8; in a comment, it is nobody's."""
    nul = context.env.text.find("\0")
    if context.env.undecodable is None and nul >= 0 and not context.env.is_utf16:
        line, column = context.env.position(nul)
        yield Finding(
            severity="error",
            check=NAME,
            variable="",
            line=line,
            column=column,
            message=".env has a NUL character",
            why="no variable of a process can hold one: what gets it does not start, or gets the half before it",
            fix="remove it",
        )
    if context.env.undecodable_value is None and not context.env.is_utf16:
        return
    line, column = context.env.undecodable_value or context.env.undecodable or (1, 1)
    utf16 = context.env.is_utf16
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
