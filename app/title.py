"""What a diagram is called: its caller's title, else one made from what there is."""

from __future__ import annotations

import re

LIMIT = 120  # characters
# Control characters, and those that turn the direction of all that follows, in a list also of what is no title.
UNFIT = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069]")

# `title: Orders` in the front matter, `title Orders`, `pie title Pets`, `gitGraph`'s and others' `accTitle: Orders`.
WITHIN = re.compile(r"(?m)^[ \t]*(?:pie[ \t]+(?:showData[ \t]+)?)?(?:accTitle[ \t]*:|title\b:?)[ \t]*(\S.*)$")


def title(prompt: str | None, code: str) -> str:
    """A title from the prompt's beginning, else from the diagram's own title, else from its beginning."""
    if prompt:
        return shorten(prompt)
    within = WITHIN.search(code)
    return shorten(within[1].strip("\"' \t")) if within else shorten(code)


def shorten(text: str) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(UNFIT.sub(" ", text[: 8 * LIMIT]).split())
    return line if len(line) <= LIMIT else line[: LIMIT - 1].rstrip() + "…"
