"""Quotes that are not closed, and text behind a closing quote."""

from __future__ import annotations

import re
from collections.abc import Iterator

from upready.dotenv.context import REFUSES, Context
from upready.dotenv.finding import Finding
from upready.envfile.entries import Entry, closing

NAME = "quote"


def check(context: Context) -> Iterator[Finding]:
    """Yield each value whose closing quote is missing or not at the end."""
    has_error = False
    for entry in context.env.entries:
        finding = _finding(context, entry)
        if finding is not None:
            has_error = has_error or finding.severity == "error"
            yield finding
    if context.unreadable is not None and context.unreadable.reason == "unterminated" and not has_error:
        message, fix = "a quote is not closed before this line", "close the quote where the value ends"
        yield context.about_unreadable(NAME, message, fix)


def _finding(context: Context, entry: Entry) -> Finding | None:
    if entry.torn:
        why = "compose takes the first line for the value, and the other lines for variables"
        fix = "from a file, and between quotes: invoke env.set {name} < FILE"
        return context.about_entry(NAME, entry, "has several lines and no quotes", why, fix, "error")
    if entry.is_open(context.env.text):
        why = "compose reads on into the next lines, or refuses the whole file"
        fix = f"end the line with {entry.quote}"
        if entry.raw.rstrip().endswith("\\" + entry.quote):
            fix = "write the backslash before the last quote twice, in double quotes"
        return context.about_entry(NAME, entry, "begins with a quote that is not closed", why, fix, "error")
    refused = is_refused(context.env.text, entry)
    if not entry.quote or entry.readable or (has_colon(context.env.text, entry) and not refused):
        return None
    end = closing(context.env.text, entry.value_start, entry.quote) or entry.end
    offset = end + 1 - entry.value_start
    sign = _text_behind(context.env.text, entry)
    if refused and sign in (";", ","):
        what, why = f"has a `{sign}` behind its closing quote", f"{REFUSES}: a value ends with its line"
        return context.about_entry(NAME, entry, what, why, f"remove the `{sign}`", "error", offset=offset)
    return context.about_entry(
        NAME,
        entry,
        "has text behind its closing quote",
        REFUSES if refused else "compose drops the text, or takes it for the next line",
        "put the whole value between quotes: invoke env.set {name}",
        "error" if refused else "warning",
        offset=offset,
    )


def has_colon(text: str, entry: Entry) -> bool:
    """Whether the entry has a `:` in the place of the `=`."""
    return text[entry.start : entry.value_start].rstrip().endswith(":")


def is_refused(text: str, entry: Entry) -> bool:
    """Whether compose refuses the file because of text behind a closing quote, which it takes for the next name."""
    behind = _text_behind(text, entry)
    return bool(behind) and re.fullmatch(r"[\w.\-\[\]]*", re.split(r"[=:]", behind)[0].strip()) is None


def _text_behind(text: str, entry: Entry) -> str:
    """The text between a closing quote and the end of its line; empty if it is a comment."""
    end = closing(text, entry.value_start, entry.quote) if entry.quote else None
    if end is None:
        return ""
    line = text[end + 1 :].partition("\n")[0]
    return "" if re.match(r"\s*(#|$)", line) else line.strip()
