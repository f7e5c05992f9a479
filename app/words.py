"""The words of a diagram for the search.

They are not made by PostgreSQL's parser: it cannot divide Chinese or Japanese text into words, and changes only the
letters of the database's locale to lower case. So a search finds the same in every database.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

LONGEST = 40  # characters of a word that are used
MOST = 5000  # different words of one diagram; PostgreSQL stores at most 1 MB, and a character has up to 4 bytes

WORD = re.compile(r"[^\W_]+")
PART = re.compile(r"(?<=[a-z])(?=[A-Z])")  # orderService has two parts
# Scripts without spaces between words: Thai to Myanmar, Khmer, kana, Han.
UNSPACED = re.compile("[\u0e00-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")


def words(*texts: str | None) -> list[str]:
    """The different words of these texts in the form for comparison; without spaces, each pair of letters."""
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
    """A query (`tsquery` of PostgreSQL) for diagrams with all words of a text, or words that begin with them.

    None if the text has no word. Words contain no quotes.
    """
    sought = dict.fromkeys(
        piece for word in WORD.findall(unicodedata.normalize("NFKC", text)) for piece in _pieces(word, alone=False)
    )
    return " & ".join(f"'{word}':*" for word in sought) or None


def _pieces(word: str, *, alone: bool) -> Iterator[str]:
    """The pieces of a word for comparison. With `alone`, the last letter of a run without spaces is a piece too."""
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
