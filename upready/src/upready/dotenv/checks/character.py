"""Characters that are invisible or look like another one: a zero-width space in a value, typographic quotes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.envfile.entries import strip_comment

NAME = "character"

_QUOTED = re.compile("[“”„‟‘’‚‛«»‹›´′″].*[“”„‟‘’‚‛«»‹›´′″\"']", re.DOTALL)  # noqa: RUF001 - typographic quotes are meant
_SPACES = "\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
# A space that is none at the start of a value, or the first of those at its end; plain ones and quotes do not count.
_AROUND = re.compile(rf"^[ \t\"']*(?P<first>[{_SPACES}])|(?P<last>[{_SPACES}])[{_SPACES}]*[ \t\"']*$")
_FIX = "type the value again, in plain quotes if it needs quotes: invoke env.set {name}"


def check(context: Context) -> Iterator[Finding]:
    """Yield the first such character of each value."""
    for entry in context.env.entries:
        if not entry.assigned or entry.torn:
            continue
        # A comment may hold any character.
        text = entry.raw if entry.quote else strip_comment(entry.raw)
        found = invisible(text)
        if found is not None:
            offset, character = found
            why = "the character is part of the value, and nobody sees it"
            yield context.about_entry(NAME, entry, f"has {character}", why, _FIX, offset=offset)
        elif not entry.quote and _QUOTED.fullmatch(text):
            what = "begins with a typographic quote, not with `'` or `\"`"
            yield context.about_entry(NAME, entry, what, "compose takes both quotes for part of the value", _FIX)


def invisible(text: str) -> tuple[int, str] | None:
    """The offset and the name of the first invisible character; None if there is none.

    Two kinds are allowed: characters that join letters of a script or parts of an emoji, and non-breaking spaces
    within a sentence.
    """
    if text.isascii():
        return None
    if (around := _AROUND.search(text)) and around.lastgroup:
        return around.start(around.lastgroup), _described(around[around.lastgroup])
    for offset, character in enumerate(text):
        if unicodedata.category(character) == "Cf" and not _joins(text, offset):
            return offset, _described(character)
        if character in "\xa0\u202f\u2009" and _is_in_one_word(text, offset):
            return offset, _described(character)
    return None


def _joins(text: str, offset: int) -> bool:
    """Whether a character joins two others that are not ASCII, as in Persian, Hindi and emoji."""
    around = text[offset - 1 : offset] + text[offset + 1 : offset + 2]
    return text[offset] in "\u200c\u200d" and len(around) == 2 and not any(each.isascii() for each in around)


def _is_in_one_word(text: str, offset: int) -> bool:
    """Whether the rest of the value is one ASCII word, which cannot be meant to contain a space."""
    rest = text[:offset] + text[offset + 1 :]
    return rest.isascii() and " " not in rest


def _described(character: str) -> str:
    return f"an invisible character (U+{ord(character):04X}, {unicodedata.name(character).lower()})"
