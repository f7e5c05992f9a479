"""The name that was probably meant: `DB_PASWORD` is close to `DB_PASSWORD`."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable, Iterator

COMPARED = 1500
"""Pairs of names that are compared letter by letter, which takes 50 ms; all pairs of 500 names would take seconds."""


class SimilarNames:
    """Known names, to compare many written names with.

    Args:
        names: The known names; of two that fit equally well, the first one counts.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._by_upper = {each.upper(): each for each in names}
        self._left = COMPARED

    def closest(self, name: str) -> str | None:
        """The known name that a typing error may have turned into `name`; None if there is none."""
        upper = name.upper()
        if upper in self._by_upper:
            return self._by_upper[upper]
        for variant in (upper, *_shorter(upper)):
            if len(upper) > 3 and variant in self._one_letter_off:
                return self._by_upper[self._one_letter_off[variant]]
        return self._similar(upper)

    @functools.cached_property
    def _one_letter_off(self) -> dict[str, str]:
        """Each name, whole and without one of its letters.

        If two names differ by one letter (added, lost, replaced or swapped), they have such a variant in common.
        """
        return {variant: each for each in reversed(self._by_upper) for variant in (*_shorter(each), each)}

    def _similar(self, upper: str) -> str | None:
        if self._left <= 0:
            return None
        near = [
            each for each in self._by_upper if abs(len(each) - len(upper)) <= 3 and len(set(each) ^ set(upper)) <= 4
        ][: self._left]
        # The selection itself takes time too.
        self._left -= len(near) + len(self._by_upper) // 50
        found = difflib.get_close_matches(upper, near, n=1, cutoff=0.8)
        return self._by_upper[found[0]] if found else None


def _shorter(name: str) -> Iterator[str]:
    return (name[:at] + name[at + 1 :] for at in range(len(name)))
