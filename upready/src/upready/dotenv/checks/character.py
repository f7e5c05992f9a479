"""Characters that cannot be seen, or look like another: a zero-width space behind a key, typographic quotes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.envfile.entries import Entry, strip_comment

NAME = "character"

_QUOTED = re.compile("[“”„‟‘’‚‛«»‹›´′″].*[“”„‟‘’‚‛«»‹›´′″\"']", re.DOTALL)  # noqa: RUF001 - these are what is looked for
_SPACES = "\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_AROUND = re.compile(rf"^[{_SPACES}]+|[{_SPACES}]+$")


def check(context: Context) -> Iterator[Finding]:
    """Yield the first such character of each value."""
    for entry in context.env.entries:
        if not entry.assigned or entry.torn:
            continue
        # A comment may be written as people write.
        text = entry.raw if entry.quote else strip_comment(entry.raw)
        found = invisible(text)
        if found is not None:
            at, what = found
            yield _finding(
                context, entry, at, f"has {what}", "nobody sees it, and what compares or sends the value does"
            )
        elif not entry.quote and _QUOTED.fullmatch(text):
            what = "begins with a typographic quote, which is no quote"
            yield _finding(context, entry, 0, what, "compose takes both quotes for a part of the value")


def invisible(text: str) -> tuple[int, str] | None:
    """Where a character stands that nobody sees, and what it is called; None where there is none.

    What joins signs of a script or of an emoji is left alone, and so is a space in a sentence that is not breakable.
    """
    if text.isascii():
        return None
    around = _AROUND.search(text.strip(" \t\"'"))
    if around is not None:
        return text.index(around[0]), _called(around[0][0])
    for at, character in enumerate(text):
        if unicodedata.category(character) == "Cf" and not _joins(text, at):
            return at, _called(character)
        if character in "\xa0\u202f\u2009" and text.isascii() is False and _is_alone(text, at):
            return at, _called(character)
    return None


def _joins(text: str, at: int) -> bool:
    """Whether a character joins two others that are not ASCII, as Persian, Hindi and emoji have it."""
    around = text[at - 1 : at] + text[at + 1 : at + 2]
    return text[at] in "\u200c\u200d" and len(around) == 2 and not any(each.isascii() for each in around)


def _is_alone(text: str, at: int) -> bool:
    """Whether a space that is none stands in a value of one word, in which no space is meant."""
    rest = text[:at] + text[at + 1 :]
    return rest.isascii() and " " not in rest


def _called(character: str) -> str:
    name = unicodedata.name(character, "").lower() or "character"
    return f"an invisible character (U+{ord(character):04X}, {name})"


def _finding(context: Context, entry: Entry, at: int, what: str, why: str) -> Finding:
    name = context.name(entry)
    before = entry.raw[:at]
    line = entry.value_line + before.count("\n")
    column = at - before.rfind("\n") if "\n" in before else entry.value_column + at
    return Finding(
        severity="warning",
        check=NAME,
        variable=name,
        line=line,
        column=column,
        message=f"{name or 'a value'} {what}",
        why=why,
        fix=f"write the value anew, in plain quotes if it needs some: invoke env.set {name or 'NAME'}",
    )
