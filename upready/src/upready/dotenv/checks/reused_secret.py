"""One secret for two purposes: who gets the one has the other, and one cannot be changed alone."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv import pairing, remedy, strength
from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.dotenv.placeholder import is_placeholder
from upready.secrets import ordinary

NAME = "reused-secret"


def check(context: Context) -> Iterator[Finding]:
    """Yield each secret whose value another one has, too, and that is not the same thing under two names."""
    same: dict[str, list[str]] = {}
    for value in context.secrets():
        others = same.setdefault(value.text, [])
        others.append(value.name)
        if len(others) == 1 or not value.given or not _counts(context, value.text, others):
            continue
        line, column = context.place(value.name, of_value=True)
        yield Finding(
            severity="warning",
            check=NAME,
            variable=value.name,
            line=line,
            column=column,
            message=f"{value.name} is the same secret as {others[0]}",
            why="who learns the one has the other, and neither can be changed alone",
            fix=f"choose another: {remedy.another(context, value.name)}",
        )


def _counts(context: Context, text: str, names: list[str]) -> bool:
    """Whether the last of some variables is another secret than those before: not their second name."""
    # Where it is a bad one, that is what to tell, in production.
    if is_placeholder(text, secret=True) or strength.is_words(text) or ordinary.is_ordinary(text):
        return False
    entry = context.env.get(names[-1])
    if entry is not None and entry.quote != "'" and "$" in entry.raw:
        # Written as a reference, it is meant to be the same.
        return False
    return not any(pairing.is_one(names[-1], other) for other in names[:-1])
