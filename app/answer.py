"""A language model's answer: the Mermaid source in it, as text that every encoder takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

OPENING = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*(\w*)")


@dataclass(frozen=True)
class Answer:
    """What the model wrote."""

    code: str
    complete: bool


def extract(text: str) -> str:
    """The Mermaid source in a model's answer: what is in its Mermaid fence, else in its first fence, else all of it."""
    first: str | None = None
    for language, body in _fences(text):
        if language.lower() == "mermaid":
            return _clean(body)
        first = body if first is None else first
    return _clean(text if first is None else first)


def sound(text: str) -> str:
    """The text without what no encoder or no database takes: halves of surrogate pairs, and NUL.

    Two halves side by side, as where a provider splits an escape over two chunks, become the character they are.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")


def _fences(text: str) -> Iterator[tuple[str, str]]:
    """Language and body of each Markdown fence; the last may be open. In time proportional to the text's length."""
    marker, language = "", ""
    body: list[str] = []
    for line in text.split("\n"):
        if not marker:
            if opening := OPENING.match(line):
                marker, language = opening.groups()
        elif line.lstrip(" \t").startswith(marker):
            yield language, "\n".join(body)
            marker, body = "", []
        else:
            body.append(line)
    if marker:
        yield language, "\n".join(body)


def _clean(code: str) -> str:
    return sound(code).replace("\r\n", "\n").strip()
