"""Texts that callers send."""

from __future__ import annotations

import re
import unicodedata

CONTROLS = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]")  # but for tab and line breaks
UNSEEN = {"Cc", "Cf", "Zs", "Zl", "Zp"}  # control and format characters, and blanks


def unicode(text: str) -> str:
    """A text that every encoder and the database take.

    Raises:
        ValueError: It is none.
    """
    if "\0" in text:
        raise ValueError("must not hold the character NUL (U+0000)")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must be valid Unicode: it holds half of a surrogate pair") from None
    return text


def plain(text: str) -> str:
    """A text for people to read: blanks in place of control characters, but for tabs and line breaks.

    They are replaced, not refused: what is pasted from documents has some, which nobody sees.
    """
    return CONTROLS.sub(" ", text)


def visible(text: str) -> str:
    """A text in which there is something to see.

    Raises:
        ValueError: There is nothing.
    """
    if all(unicodedata.category(character) in UNSEEN for character in text):
        raise ValueError("must hold something that can be seen")
    return text
