"""Quotes that do not close, and text behind those that do."""

from __future__ import annotations

import re
from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.envfile.entries import Entry, closing

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
        elif not entry.readable and not has_colon(context.env.text, entry):
            refused = is_refused(context.env.text, entry)
            found = found or refused
            yield _behind(context, entry, refused=refused)
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


def has_colon(text: str, entry: Entry) -> bool:
    """Whether a `:` stands where the `=` should."""
    return text[entry.start : entry.value_start].rstrip().endswith(":")


def is_refused(text: str, entry: Entry) -> bool:
    """Whether compose refuses the file because of what stands behind a closing quote: it would be the next name."""
    behind = _text_behind(text, entry)
    return bool(behind) and re.fullmatch(r"[\w.\-\[\]]*", re.split(r"[=:]", behind)[0].strip()) is None


def _text_behind(text: str, entry: Entry) -> str:
    end = closing(text, entry.value_start, entry.quote) if entry.quote else None
    if end is None:
        return ""
    line = text[end + 1 : text.find("\n", end) if "\n" in text[end:] else len(text)]
    return "" if re.match(r"\s*(#|$)", line) else line.strip()


def _behind(context: Context, entry: Entry, *, refused: bool) -> Finding:
    end = closing(context.env.text, entry.value_start, entry.quote) or entry.end
    name = context.name(entry)
    sign = _text_behind(context.env.text, entry)
    if refused and sign in (";", ","):
        return Finding(
            severity="error",
            check=NAME,
            variable=name,
            line=entry.value_line,
            column=entry.value_column + end + 1 - entry.value_start,
            message=f"{name or 'a value'} has a `{sign}` behind its closing quote",
            why="compose refuses the whole file: no sign ends a value",
            fix=f"remove the `{sign}`",
        )
    return Finding(
        severity="error" if refused else "warning",
        check=NAME,
        variable=name,
        line=entry.value_line,
        column=entry.value_column + end + 1 - entry.value_start,
        message=f"{name or 'a value'} has text behind its closing quote",
        why="compose refuses the whole file" if refused else "compose drops it, or takes it for the next line",
        fix=f"put the whole value between quotes: invoke env.set {name or 'NAME'} does",
    )
