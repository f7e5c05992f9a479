"""The words that a diagram is found by.

Made here, not by PostgreSQL's own parser: that cannot cut Chinese or Japanese into words, and lower-cases only what
the database's locale knows. So a search finds the same whatever database it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

LONGEST = 40  # characters of a word that count
MOST = 5000  # different words of one diagram; PostgreSQL's bound is 1 MB of them, and a character has up to 4 bytes

WORD = re.compile(r"[^\W_]+")
PART = re.compile(r"(?<=[a-z])(?=[A-Z])")  # orderService has two
# Scripts without spaces between words: Thai to Myanmar, Khmer, kana, Han.
UNSPACED = re.compile("[\u0e00-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")


def words(*texts: str | None) -> list[str]:
    """The different words of these texts, each in the form that is compared; of unspaced scripts every two letters."""
    found: dict[str, None] = {}
    for text in texts:
        for word in dict.fromkeys(WORD.findall(unicodedata.normalize("NFKC", text or ""))):
            for part in (word, *PART.split(word)):
                for piece in _pieces(part, alone=True):
                    found[piece] = None
            if len(found) >= MOST:
                return list(found)[:MOST]
    return list(found)


def query(text: str) -> str | None:
    """What finds the diagrams that hold all words of a text, or words that begin so; None where there is no word.

    In the syntax of PostgreSQL's `tsquery`. Words hold no quotes.
    """
    sought = dict.fromkeys(
        piece for word in WORD.findall(unicodedata.normalize("NFKC", text)) for piece in _pieces(word, alone=False)
    )
    return " & ".join(f"'{word}':*" for word in sought) or None


def _pieces(word: str, *, alone: bool) -> Iterator[str]:
    """A word in the form that is compared; with `alone`, the last letter of an unspaced run is one, too."""
    at = 0
    for run in UNSPACED.finditer(word):
        yield from _whole(word[at : run.start()])
        letters = run[0]
        yield from (letters[first : first + 2] for first in range(len(letters) - 1))
        if alone or len(letters) == 1:
            yield letters[-1]
        at = run.end()
    yield from _whole(word[at:])


def _whole(word: str) -> Iterator[str]:
    if word:
        yield word.casefold()[:LONGEST]
