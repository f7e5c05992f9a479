"""A language model's answer: the Mermaid source in it, as text that every encoder takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app import diagram_types

CODE_LIMIT = 50_000  # UTF-16 code units, as the validator counts: JavaScript's idea of a character

OPENING = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*(\w*)")


@dataclass(frozen=True)
class Answer:
    """What the model wrote."""

    code: str
    complete: bool


def extract(text: str) -> str:
    """The Mermaid source in a model's answer, without what the model thought or said around it.

    What is in its Mermaid fence, else in its first fence, else from the line that begins a diagram, else all of it.
    """
    text = _spoken(text)
    first: str | None = None
    for language, body in _fences(text):
        if language.lower() == "mermaid":
            return _clean(body)
        first = body if first is None else first
    return _clean(_unfenced(text) if first is None else first)


def unfence(code: str) -> str:
    """A caller's code without the Markdown fence that it may have come in."""
    return extract(code) or code if OPENING.match(code.lstrip()) else code


def fits(code: str) -> bool:
    """Whether the validator takes a diagram of this size."""
    return units(code) <= CODE_LIMIT


def units(code: str) -> int:
    """How long a text is, in UTF-16 code units."""
    return len(code.encode("utf-16-le", "surrogatepass")) // 2


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


def _spoken(text: str) -> str:
    """The text after what a reasoning model thought, which some endpoints send with it: `<think>…</think>`.

    The tag that opens may be missing, where the endpoint's template holds it; without the one that closes, nothing
    was said yet.
    """
    if text.lstrip().startswith("<think>"):
        return text.partition("</think>")[2]
    return re.split(r"(?m)^[ \t]*</think>[ \t\r]*$", text, maxsplit=1)[-1]


def _unfenced(text: str) -> str:
    """The diagram in a text without a fence: no sentence before it, and none after it."""
    lines = text.replace("\r\n", "\n").split("\n")
    start = next((at for at, line in enumerate(lines) if diagram_types.begins(line)), None)
    if start is None:
        return text
    if text.lstrip().startswith(("---", "%%")):  # its settings, or a comment
        start = 0
    while start and (not lines[start - 1].strip() or lines[start - 1].lstrip().startswith("%%")):
        start -= 1
    end = next((at for at in range(start + 1, len(lines)) if not lines[at - 1].strip() and _is_prose(lines[at])), None)
    return "\n".join(lines[start:end])


def _is_prose(line: str) -> bool:
    """Whether a line that follows an empty one explains the diagram: a sentence at the margin, without any syntax."""
    return re.fullmatch(r"[A-Z*][^\[\]{}()<>|;]*[.!?:]\*{0,2}\s*", line) is not None and len(line.split()) > 3


def _clean(code: str) -> str:
    return sound(code).replace("\r\n", "\n").strip()
