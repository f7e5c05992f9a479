"""A variable that neither the schema nor a compose file has: often a typing error, and the real one stays unset."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.dotenv.similar_names import SimilarNames
from upready.dotenv.usages import STEERING, is_builtin

NAME = "unknown"


def check(context: Context) -> Iterator[Finding]:
    """Yield each variable of the file that is known nowhere."""
    if not context.schema.variables:
        return
    used = context.uses.names()
    names = SimilarNames([*context.schema.variables, *sorted(used - set(context.schema.variables)), *sorted(STEERING)])
    example = context.schema.path.name
    for name in context.env.keys():  # noqa: SIM118 - a document is no dict
        entry = context.env.get(name)
        # `syntax` reports a key that cannot be a name.
        if context.is_described(name) or name in used or is_builtin(name) or not name.isidentifier():
            continue
        # Behind an open quote it is probably part of that value.
        if entry is None or entry.start > context.env.torn_from:
            continue
        meant = names.closest(name)
        if meant is not None and context.env.get(meant) is not None:
            # The file has that variable already, so it is not the one that was meant.
            meant = None
        readers = context.readers(name)
        # A file that mentions the variable may read it; so may a service that gets the whole file.
        if context.mentions.of(name) or (readers and meant is None):
            continue
        yield context.about_entry(
            NAME,
            entry,
            f"is not in {example}" + (f"; did you mean {meant}?" if meant else ""),
            "nothing reads it" if not readers else "a service gets it, but probably reads the other name",
            f"rename it to {meant}" if meant else f"remove it, or describe it in {example}",
            offset=None,
        )
