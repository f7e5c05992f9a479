"""Quotes that do not close, and text behind those that do."""

from __future__ import annotations

from collections.abc import Iterator

from ops.dotenv.context import Context
from ops.dotenv.entries import Entry, closing
from ops.dotenv.finding import Finding

NAME = "quote"


def check(context: Context) -> Iterator[Finding]:
    """Yield each value whose quotes do not end where it does."""
    found = False
    for entry in context.env.entries:
        if entry.torn:
            found = True
            yield _torn(context, entry)
        if not entry.quote:
            continue
        if entry.is_open(context.env.text):
            found = True
            yield _open(context, entry)
        elif not entry.readable:
            yield _behind(context, entry)
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


def _open(context: Context, entry: Entry) -> Finding:
    name = context.name(entry)
    last = entry.raw.rstrip().removesuffix("\\" + entry.quote) != entry.raw.rstrip()
    return Finding(
        severity="error",
        check=NAME,
        variable=name,
        line=entry.value_line,
        column=entry.value_column,
        message=f"{name or 'a value'} begins with a quote that is not closed",
        why="compose reads on into the next lines, or refuses the whole file",
        fix="write the backslash before the last quote twice, in double quotes"
        if last
        else f"end the line with {entry.quote}",
    )


def _torn(context: Context, entry: Entry) -> Finding:
    name = context.name(entry)
    return Finding(
        severity="error",
        check=NAME,
        variable=name,
        line=entry.value_line,
        column=entry.value_column,
        message=f"{name or 'a value'} has several lines and no quotes",
        why="compose takes the first line for the value, and the others for variables",
        fix=f"put the whole key between quotes: invoke env.set {name or 'NAME'} < file does",
    )


def _behind(context: Context, entry: Entry) -> Finding:
    end = closing(context.env.text, entry.value_start, entry.quote) or entry.end
    name = context.name(entry)
    return Finding(
        severity="warning",
        check=NAME,
        variable=name,
        line=entry.value_line,
        column=entry.value_column + end + 1 - entry.value_start,
        message=f"{name or 'a value'} has text behind its closing quote",
        why="compose drops it, or takes it for the next line",
        fix=f"put the whole value between quotes: invoke env.set {name or 'NAME'} does",
    )
