"""Finds the Mermaid source in the answer of a language model, and cleans it of characters that no encoder accepts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app import diagram_types

CODE_LIMIT = 50_000  # UTF-16 code units, which the validator counts, since it is written in JavaScript

OPENING = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*(\w*)")


@dataclass(frozen=True)
class Answer:
    """The code that the model wrote, and whether its answer was complete."""

    code: str
    complete: bool


def extract(text: str) -> str:
    """The Mermaid source in an answer, without the text around it.

    In this order: what is in a Mermaid fence, what is in the first fence, the text from the line that begins a diagram,
    the whole answer.
    """
    text = _spoken(text)
    first: str | None = None
    for language, body in _fences(text):
        if language.lower() == "mermaid":
            return _clean(body)
        first = body if first is None else first
    return _clean(_unfenced(text) if first is None else first)


def unfence(code: str) -> str:
    """The code of a caller without the Markdown fence around it, if there is one."""
    return extract(code) or code if OPENING.match(code.lstrip()) else code


def fits(code: str) -> bool:
    """Whether the validator takes a diagram of this size."""
    return units(code) <= CODE_LIMIT


def units(code: str) -> int:
    """The length of a text in UTF-16 code units."""
    return len(code.encode("utf-16-le", "surrogatepass")) // 2


def sound(text: str) -> str:
    """The text without single halves of surrogate pairs and without NUL, which encoders or the database refuse.

    Two halves side by side become one character. They occur if a provider splits an escape sequence over two chunks.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")


def _fences(text: str) -> Iterator[tuple[str, str]]:
    """Language and body of each Markdown fence; the last one may be open. The time is linear in the length."""
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
    """The text after the thoughts of a reasoning model, which some endpoints send too: `<think>…</think>`.

    The opening tag may be missing, if the endpoint's template contains it. Without the closing tag there is no answer.
    """
    if text.lstrip().startswith("<think>"):
        return text.partition("</think>")[2]
    return re.split(r"(?m)^[ \t]*</think>[ \t\r]*$", text, maxsplit=1)[-1]


def _unfenced(text: str) -> str:
    """The diagram in a text without a fence, without the sentences before and after it."""
    lines = text.replace("\r\n", "\n").split("\n")
    start = next((at for at, line in enumerate(lines) if diagram_types.begins(line)), None)
    if start is None:
        return text
    if text.lstrip().startswith(("---", "%%")):  # settings of the diagram, or a comment
        start = 0
    while start and (not lines[start - 1].strip() or lines[start - 1].lstrip().startswith("%%")):
        start -= 1
    end = next((at for at in range(start + 1, len(lines)) if not lines[at - 1].strip() and _is_prose(lines[at])), None)
    return "\n".join(lines[start:end])


def _is_prose(line: str) -> bool:
    """Whether a line after an empty line is a sentence about the diagram: it starts at the margin and has no syntax."""
    return re.fullmatch(r"[A-Z*][^\[\]{}()<>|;]*[.!?:]\*{0,2}\s*", line) is not None and len(line.split()) > 3


def _clean(code: str) -> str:
    return sound(code).replace("\r\n", "\n").strip()
