"""Lines that are not `NAME=value`: compose refuses the whole file, or skips the line without a word."""

from __future__ import annotations

import re
from collections.abc import Iterator

from upready.dotenv.checks import quote
from upready.dotenv.checks.character import invisible
from upready.dotenv.context import REFUSES, Context
from upready.dotenv.finding import Finding
from upready.envfile.entries import Entry

NAME = "syntax"

# As in compose-go's parser: letters and digits of any script, and these signs; no space.
_NAME = re.compile(r"[\w.\-\[\]]*")
# These it takes for a part of the name.
_BLANK = re.compile(r"[\t\v\f\x85\xa0]")
_WORDS = ("set", "setx", "const", "let", "var", "declare", "local", "readonly", "ENV", "SET")
_FIX = "begin a comment with #, or put the value of the line above between quotes"


def check(context: Context) -> Iterator[Finding]:
    """Yield every line that compose cannot read, not only the first one."""
    torn_from = context.env.torn_from
    # These lines make compose refuse the file, and the check `quote` reports them.
    has_error = any(
        entry.torn or entry.start == torn_from or quote.is_refused(context.env.text, entry)
        for entry in context.env.entries
    )
    for entry in context.env.entries:
        if entry.start > torn_from:
            # Every line behind an open quote may be part of that value; the quote is the mistake to report.
            break
        problem = _problem(entry)
        if problem is not None:
            has_error = True
            what, fix = problem
            # The name is not shown: the line may be part of a secret.
            yield Finding(NAME, f"the line {what}", REFUSES, fix, "error", line=entry.line, column=entry.column)
        elif not entry.assigned:
            yield _without_sign(context, entry)
        elif _BLANK.search(entry.key):
            what = "has a tab or a no-break space in the variable's name"
            why = "compose takes it for a part of the name, which nothing can then use"
            yield context.about_entry(NAME, entry, what, why, "write NAME=value without spaces in NAME", offset=None)
        elif quote.has_colon(context.env.text, entry):
            what = "has a colon in the place of `=`"
            why = "compose reads it; a shell, python-dotenv and `docker run --env-file` do not"
            yield context.about_entry(NAME, entry, what, why, "write {name}= instead of {name}:", offset=None)
    if context.unreadable is not None and context.unreadable.reason in ("syntax", "other") and not has_error:
        yield context.about_unreadable(NAME, "this is not a `NAME=value`", _FIX)


def _problem(entry: Entry) -> tuple[str, str] | None:
    """What is wrong with a line that compose refuses, and how to fix it; None for a line that compose reads."""
    key = _BLANK.sub("", entry.key)
    valid = _NAME.fullmatch(key) is not None
    if not entry.assigned:
        return None if valid else ("is not a `NAME=value`", _FIX)
    if invisible(key) is not None:
        return "has an invisible character in the variable's name", "type the line again"
    if re.search(r"\s", key):
        return _spaced(entry.key)
    if key.endswith("+"):
        return "adds to a variable with `+=`, as a shell does", "write NAME=${NAME}… in one line"
    return (
        None if valid else ("has a character that a variable's name cannot have", "use letters, digits and _ in names")
    )


def _spaced(key: str) -> tuple[str, str]:
    word = key.split(maxsplit=1)[0]
    if word in _WORDS:
        return f"begins with `{word}`, which a .env file does not have", f"remove `{word}`"
    return "has a space in the variable's name", "write NAME=value without spaces in NAME"


def _without_sign(context: Context, entry: Entry) -> Finding:
    # A name that is known nowhere may be a line of a secret.
    name = entry.key if context.is_known(entry.key) else ""
    message = f"{name or 'a line'} has no `=`"
    why = "compose takes the value from the shell, and skips the line if the shell has none"
    fix = f"write {name or 'NAME'}= and a value, or remove the line"
    return Finding(NAME, message, why, fix, variable=name, line=entry.line, column=entry.column)
