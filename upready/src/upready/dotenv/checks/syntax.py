"""Lines that are no `NAME=value`: compose refuses the whole file, or silently skips the line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from upready.dotenv.checks import quote
from upready.dotenv.checks.character import invisible
from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.envfile.entries import Entry

NAME = "syntax"

# As compose-go's parser has it: letters and digits of any script, and these signs; no space within.
_NAME = re.compile(r"[\w.\-\[\]]*")


def check(context: Context) -> Iterator[Finding]:
    """Yield every line that compose cannot read, not the first one only."""
    torn_from = context.env.torn_from
    found = any(
        entry.torn or entry.start == torn_from or quote.is_refused(context.env.text, entry)
        for entry in context.env.entries
    )
    for entry in context.env.entries:
        if entry.start > torn_from:
            # Behind an open quote every line may be a part of the value; the quote is what to put right.
            break
        if not entry.assigned and not _NAME.fullmatch(entry.key):
            found = True
            yield _finding(
                entry, "is not a `NAME=value`", "begin a comment with #, or quote the value of the line above"
            )
        elif not entry.assigned:
            yield _lonely(entry, known=context.is_known(entry.key))
        elif invisible(entry.key) is not None:
            found = True
            yield _finding(entry, "has an invisible character in the variable's name", "write the line anew")
        elif re.search(r"\s", entry.key):
            found = True
            yield _finding(entry, *_spaced(entry.key))
        elif entry.key.endswith("+"):
            found = True
            yield _finding(entry, "adds to a variable with `+=`, as a shell does", "write NAME=${NAME}… in one line")
        elif not _NAME.fullmatch(entry.key):
            found = True
            yield _finding(
                entry, "has a character that no variable's name may have", "use letters, digits and _ in names"
            )
        elif quote.has_colon(context.env.text, entry):
            yield _colon(context, entry)
    problem = context.unreadable
    if problem is not None and problem.reason in ("syntax", "other") and not found:
        yield Finding(
            severity="error",
            check=NAME,
            variable="",
            line=problem.line,
            column=1 if problem.line else 0,
            message="this is not a `NAME=value`",
            why="compose refuses the whole file",
            fix="begin a comment with #, or quote the value of the line above",
        )


def _spaced(key: str) -> tuple[str, str]:
    word = key.split(maxsplit=1)[0]
    if word in ("set", "setx", "const", "let", "var", "declare", "local", "readonly", "ENV", "SET"):
        return f"begins with `{word}`, which no `.env` has", f"remove `{word}`"
    return "has a space in the variable's name", "write NAME=value without spaces in NAME"


def _colon(context: Context, entry: Entry) -> Finding:
    name = context.name(entry)
    return Finding(
        severity="warning",
        check=NAME,
        variable=name,
        line=entry.line,
        column=entry.column,
        message=f"{name or 'a line'} has a colon for an equals sign",
        why="compose reads it; a shell, python-dotenv and `docker run --env-file` do not",
        fix=f"write {name or 'NAME'}= instead of {name or 'NAME'}:",
    )


def _finding(entry: Entry, what: str, fix: str) -> Finding:
    return Finding(
        "error", NAME, "", entry.line, entry.column, f"the line {what}", "compose refuses the whole file", fix
    )


def _lonely(entry: Entry, *, known: bool) -> Finding:
    # What nothing knows may be a line of a secret, not a name.
    name = entry.key if known else ""
    return Finding(
        severity="warning",
        check=NAME,
        variable=name,
        line=entry.line,
        column=entry.column,
        message=f"{name or 'a word'} stands without `=`",
        why="compose takes it from the shell, and skips it where the shell has none",
        fix=f"write {name or 'NAME'}= and a value, or remove the line",
    )
