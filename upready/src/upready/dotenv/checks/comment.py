"""A comment that becomes the value, and an unquoted ` #` in a secret, which ends the value there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.envfile.entries import Entry

NAME = "comment"

_FIX = "put the value between quotes if the # is part of it; else give the comment a line of its own"


def check(context: Context) -> Iterator[Finding]:
    """Yield each value that is a comment, and each secret that a ` #` seems to cut."""
    for entry in context.env.entries:
        if not entry.assigned or entry.quote:
            continue
        offset = entry.raw.find(" #")
        # A `#` directly behind the `=` begins a value for every reader: a colour, a channel.
        if entry.raw.startswith("#") and context.env.text[entry.value_start - 1] in " \t":
            what, why = "has a `#` where its value would begin", "compose takes the comment for the value"
            yield context.about_entry(NAME, entry, what, why, _FIX)
        elif offset > 0 and _cuts(context, entry):
            what, why = "has a ` #` in its value", "compose drops the ` #` and everything behind it"
            yield context.about_entry(NAME, entry, what, why, _FIX, offset=offset + 1)


def _cuts(context: Context, entry: Entry) -> bool:
    """Whether a ` #` looks like part of a secret: one word follows it directly, where a comment has several."""
    return context.schema.sensitive(entry.key, entry.raw) and re.search(r" #\S+$", entry.raw.rstrip()) is not None
