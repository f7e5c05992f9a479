"""Quotes that do not close, and text behind those that do."""

from __future__ import annotations

from collections.abc import Iterator

from ops.dotenv.context import Context
from ops.dotenv.entries import Entry
from ops.dotenv.finding import Finding

NAME = "quote"


def check(context: Context) -> Iterator[Finding]:
    """Yield each value whose quotes do not end where it does."""
    found = False
    for entry in context.env.entries:
        if entry.torn:
            found = True
            yield _torn(entry)
        if not entry.quote:
            continue
        end = closing(context.env.text, entry.value_start, entry.quote)
        line_end = context.env.text.find("\n", entry.value_start)
        line_end = len(context.env.text) if line_end < 0 else line_end
        if end is None or (end > line_end and not entry.readable):
            found = True
            yield _open(entry)
        elif not entry.readable:
            yield _behind(entry, line_end - end)
    problem = context.unreadable
    if problem is not None and problem.reason == "unterminated" and not found:
        yield Finding(
            severity="error",
            check=NAME,
            variable="",
            line=problem.line,
            column=1 if problem.line else 0,
            message="a quote is not closed before this line",
            why="compose refuses the whole file",
            fix="close the quote where the value ends",
        )


def closing(text: str, start: int, quote: str) -> int | None:
    """Offset of the quote that ends a value for compose; None when nothing does. `start` is the opening quote's."""
    escaped = False
    for index in range(start + 1, len(text)):
        character = text[index]
        if character == quote and not escaped:
            return index
        escaped = character == "\\" and not escaped
    return None


def _open(entry: Entry) -> Finding:
    last = entry.raw.rstrip().removesuffix("\\" + entry.quote) != entry.raw.rstrip()
    return Finding(
        severity="error",
        check=NAME,
        variable=entry.key,
        line=entry.value_line,
        column=entry.value_column,
        message=f"{entry.key} begins with a quote that is not closed",
        why="compose reads on into the next lines, or refuses the whole file",
        fix="write the backslash before the last quote twice, in double quotes"
        if last
        else f"end the line with {entry.quote}",
    )


def _torn(entry: Entry) -> Finding:
    return Finding(
        severity="error",
        check=NAME,
        variable=entry.key,
        line=entry.value_line,
        column=entry.value_column,
        message=f"{entry.key} has several lines and no quotes",
        why="compose takes the first line for the value, and the others for variables",
        fix=f"put the whole key between quotes: invoke env.set {entry.key} < file does",
    )


def _behind(entry: Entry, length: int) -> Finding:
    return Finding(
        severity="warning",
        check=NAME,
        variable=entry.key,
        line=entry.value_line,
        column=entry.value_column + len(entry.raw) - length + 1,
        message=f"{entry.key} has text behind its closing quote",
        why="compose drops it, or takes it for the next line",
        fix=f"put the whole value between quotes: invoke env.set {entry.key} does",
    )
