"""Texts that callers send, and the titles of diagrams."""

from __future__ import annotations

import re
import unicodedata

CONTROLS = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]")  # except tab and line breaks
TITLE_LIMIT = 120  # characters
# What a title must not hold: control characters, and those that change the direction of the text after them.
UNFIT = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069]")
# `title: Orders` in the front matter, `title Orders`, `pie title Pets`, and `accTitle: Orders`.
WITHIN = re.compile(r"(?m)^[ \t]*(?:pie[ \t]+(?:showData[ \t]+)?)?(?:accTitle[ \t]*:|title\b:?)[ \t]*(\S.*)$")
UNSEEN = {"Cc", "Cf", "Zs", "Zl", "Zp"}  # control and format characters, and blanks


def unicode(text: str) -> str:
    """Check that every encoder and the database accept a text.

    Raises:
        ValueError: They do not.
    """
    if "\0" in text:
        raise ValueError("must not hold the character NUL (U+0000)")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must be valid Unicode: it holds half of a surrogate pair") from None
    return text


def plain(text: str) -> str:
    """The text with blanks in place of control characters, except tabs and line breaks.

    They are not refused, because text that is pasted from documents often has some, and nobody sees them.
    """
    return CONTROLS.sub(" ", text)


def visible(text: str) -> str:
    """Check that a text has at least one visible character.

    Raises:
        ValueError: It has none.
    """
    if all(unicodedata.category(character) in UNSEEN for character in text):
        raise ValueError("must hold something that can be seen")
    return text


def title(prompt: str | None, code: str) -> str:
    """A title for a diagram: the beginning of the prompt, else the title in the code, else its beginning."""
    if prompt:
        return shorten(prompt)
    within = WITHIN.search(code)
    return shorten(within[1].strip("\"' \t")) if within else shorten(code)


def shorten(text: str) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(UNFIT.sub(" ", text[: 8 * TITLE_LIMIT]).split())
    return line if len(line) <= TITLE_LIMIT else line[: TITLE_LIMIT - 1].rstrip() + "…"
