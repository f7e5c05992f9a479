"""An unquoted ` #`: compose drops it and everything behind it, which in a password is most of the password."""

from __future__ import annotations

from collections.abc import Iterator

from ops.dotenv.context import Context
from ops.dotenv.finding import Finding

NAME = "comment"


def check(context: Context) -> Iterator[Finding]:
    """Yield each unquoted value with a ` #`, and each that begins with a `#`."""
    for entry in context.env.entries:
        if not entry.assigned or entry.quote:
            continue
        at = entry.raw.find(" #")
        before = context.env.text[entry.value_start - 1]
        # What begins with `#` right behind the `=` is a value to every reader: a colour, a channel.
        if entry.raw.startswith("#") and before in " \t":
            what, why = "has a `#` where its value would begin", "compose takes the comment for the value"
            at = 0
        elif at >= 0:
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
