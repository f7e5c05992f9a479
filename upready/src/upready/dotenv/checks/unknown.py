"""A variable that is in no schema and no compose file: most often a typing error, and the real one stays unset."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable, Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.dotenv.usages import STEERING, is_builtin

NAME = "unknown"

COMPARED = 1500
"""Pairs of names that are compared letter by letter in all, which takes 50 ms: 500 with 500 would take seconds."""


def check(context: Context) -> Iterator[Finding]:
    """Yield each variable of the file that nothing knows."""
    if not context.schema.variables:
        return
    used = context.uses.names()
    known = [*context.schema.variables, *sorted(used - set(context.schema.variables)), *sorted(STEERING)]
    names = Names(known)
    for name in context.env.keys():  # noqa: SIM118 - a document is no dict
        entry = context.env.get(name)
        # What is no name at all is `syntax`'s business.
        if context.is_described(name) or name in used or is_builtin(name) or not name.isidentifier():
            continue
        # Behind an open quote it is most likely no variable, but a part of the value.
        if entry is None or entry.start > context.env.torn_from:
            continue
        meant = names.closest(name)
        if meant is not None and context.env.get(meant) is not None:
            # It stands in the file already, so it is not what was meant; nor is what is less alike.
            meant = None
        readers = context.readers(name)
        # What a service gets with all that is in the file, it may know; so may whoever mentions it.
        if context.mentions.of(name) or (readers and meant is None):
            continue
        told = context.name(entry)
        example = context.schema.path.name
        yield Finding(
            severity="warning",
            check=NAME,
            variable=told,
            line=entry.line,
            column=entry.column,
            message=f"{told or 'a name'} is not in {example}" + (f"; did you mean {meant}?" if meant else ""),
            why="nothing reads it" if not readers else "a service gets it, and what it knows is most likely the other",
            fix=f"rename it to {meant}" if meant else f"remove it, or describe it in {example}",
        )


def closest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate, or the variable of compose and its like, that a typing error would have made `name` of, if any."""
    return Names((*candidates, *sorted(STEERING))).closest(name)


class Names:
    """Names that may have been meant, to be compared with many that were written."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_upper = {each.upper(): each for each in names}
        self._left = COMPARED

    def closest(self, name: str) -> str | None:
        """The one that a typing error would have made `name` of, if any."""
        upper = name.upper()
        if upper in self._by_upper:
            return self._by_upper[upper]
        for variant in (upper, *_shorter(upper)):
            if len(upper) > 3 and variant in self._one_letter_off:
                return self._by_upper[self._one_letter_off[variant]]
        return self._similar(upper)

    @functools.cached_property
    def _one_letter_off(self) -> dict[str, str]:
        """Each name, whole and with a letter fewer: a letter added, lost, replaced or swapped leaves one in common."""
        return {variant: each for each in reversed(self._by_upper) for variant in (*_shorter(each), each)}

    def _similar(self, upper: str) -> str | None:
        if self._left <= 0:
            return None
        near = [
            each for each in self._by_upper if abs(len(each) - len(upper)) <= 3 and len(set(each) ^ set(upper)) <= 4
        ][: self._left]
        # Looking through all costs, too.
        self._left -= len(near) + len(self._by_upper) // 50
        found = difflib.get_close_matches(upper, near, n=1, cutoff=0.8)
        return self._by_upper[found[0]] if found else None


def _shorter(name: str) -> Iterator[str]:
    return (name[:at] + name[at + 1 :] for at in range(len(name)))
