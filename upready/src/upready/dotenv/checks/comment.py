"""A comment that becomes the value, and an unquoted ` #` within a secret, which ends it there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.envfile.entries import Entry

NAME = "comment"


def check(context: Context) -> Iterator[Finding]:
    """Yield each value that is a comment, and each secret that a ` #` seems to cut short."""
    for entry in context.env.entries:
        if not entry.assigned or entry.quote:
            continue
        at = entry.raw.find(" #")
        before = context.env.text[entry.value_start - 1]
        # What begins with `#` right behind the `=` is a value to every reader: a colour, a channel.
        if entry.raw.startswith("#") and before in " \t":
            what, why = "has a `#` where its value would begin", "compose takes the comment for the value"
            at = 0
        elif at > 0 and _cuts(context, entry):
            what, why = "has a ` #` in its value", "compose drops it and everything behind it"
        else:
            continue
        name = context.name(entry)
        yield Finding(
            severity="warning",
            check=NAME,
            variable=name,
            line=entry.value_line,
            column=entry.value_column + at + (1 if at else 0),
            message=f"{name or 'a line'} {what}",
            why=why,
            fix="put a value that holds it between quotes, or a comment on a line of its own",
        )


def _cuts(context: Context, entry: Entry) -> bool:
    """Whether a ` #` looks like a part of a secret: one word stands right behind it, where a comment has several."""
    return context.schema.sensitive(entry.key, entry.raw) and re.search(r" #\S+$", entry.raw.rstrip()) is not None
