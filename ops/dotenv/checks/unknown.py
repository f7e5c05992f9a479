"""A variable that is in no schema and no compose file: most often a typing error, and the real one stays unset."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from ops.dotenv.context import Context
from ops.dotenv.finding import Finding
from ops.dotenv.uses import is_builtin

NAME = "unknown"


def check(context: Context) -> Iterator[Finding]:
    """Yield each variable of the file that nothing knows."""
    if not context.schema.variables:
        return
    used = context.uses.names()
    known = [*context.schema.variables, *sorted(used - set(context.schema.variables))]
    # A name that stands in the file already is not what was meant.
    candidates = [name for name in known if context.env.get(name) is None]
    for name in context.env.keys():  # noqa: SIM118 - a document is no dict
        # What is no name at all is `syntax`'s business.
        if name in context.schema.variables or name in used or is_builtin(name) or not name.isidentifier():
            continue
        meant = closest(name, candidates)
        line, column = context.place(name)
        example = context.schema.path.name
        yield Finding(
            severity="warning",
            check=NAME,
            variable=name,
            line=line,
            column=column,
            message=f"{name} is not in {example}" + (f"; did you mean {meant}?" if meant else ""),
            why="nothing reads it",
            fix=f"rename it to {meant}" if meant else f"remove it, or describe it in {example}",
        )


def closest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that a typing error would have made `name` of, if any."""
    near = [
        each
        for each in candidates
        # Cheap before dear: comparing 500 names with 500 others letter by letter takes a second.
        if abs(len(each) - len(name)) <= 3 and len(set(each.upper()) ^ set(name.upper())) <= 4
    ]
    by_upper = {each.upper(): each for each in near}
    found = difflib.get_close_matches(name.upper(), by_upper, n=1, cutoff=0.8)
    return by_upper[found[0]] if found else None
