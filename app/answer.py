"""Finds the Mermaid source in the answer of a language model, and cleans it of characters that no encoder accepts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app import diagram_types

CODE_LIMIT = 50_000  # UTF-16 code units, which the validator counts, since it is written in JavaScript

OPENING = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*(\w*)")

# The tags around the thoughts of reasoning models: `<think>`, and the same in the brackets of some.
THOUGHTS = re.compile(r"\s*([<\[◁])(think(?:ing)?|thoughts?|reasoning|analysis|reflection)([>\]▷])", re.IGNORECASE)
# The closing one, at the beginning or at the end of a line: within a line it may be a label's.
THOUGHT = re.compile(r"^[ \t]*</think(?:ing)?>|</think(?:ing)?>[ \t\r]*$", re.MULTILINE)

PROSE = re.compile(r"(?:[A-Z][^\[\]{}()<>|;:]*|\*[^\[\]{}()<>|;]*)[.!?:]\*{0,2}\s*")
# What may be talk at the end of a diagram: a sentence at the margin without syntax (a colon within it only after a word
# that says so), a heading, a closing tag. Below it the items of a list.
TALK = re.compile(
    r"(?:(?:Notes?|Legend|Key|Explanation|Hinweis|Remarque|Nota)\s*:\s)?"
    r"(?![\s%*-]|Note (?:over|left|right)\b|[\w \t]{1,40}:\s)"
    r"(?:(?!--|==|->|<-)[^\n\[\]{}<>|;])*[^\s\n\[\]{}<>|;][.!?:…\u3002\uff01\uff1a\uff1f][\s\"'”»)*_]*"
    r"|\*\*.*|#+\s+\S.*|</\w+>\s*"
)
ITEM = re.compile(r"\s*(?:[-*•]|\d+[.)])\s+\S.*")
FEWEST_WORDS = 3  # of a sentence in a script that parts words; 2 before a list


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


def without_talk(code: str) -> str | None:
    """The code without the lines at its end that may be sentences about the diagram; None if there are none.

    Whether they are, only the validator can tell: the code with them is then invalid, and without them valid.
    """
    lines = code.rstrip().split("\n")
    start = end = len(lines)
    for at in range(len(lines) - 1, 0, -1):
        if _is_talk(lines[at]):
            start = at
        elif lines[at].strip() and not ITEM.fullmatch(lines[at]):
            break
    left = "\n".join(lines[:start]).rstrip()
    return left if start < end and "\n" in left else None


def _is_talk(line: str) -> bool:
    if not TALK.fullmatch(line):
        return False
    fewest = FEWEST_WORDS - line.rstrip().endswith(":")
    return not line[0].isalpha() or not line.isascii() or len(line.split()) >= fewest


def _spoken(text: str) -> str:
    """The text after the thoughts of a reasoning model, which some endpoints send too: `<think>…</think>`.

    The opening tag may be missing, if the endpoint's template contains it. Without the closing tag there is no answer.
    """
    while opening := THOUGHTS.match(text):
        _, closing, text = text[opening.end() :].partition(f"{opening[1]}/{opening[2]}{opening[3]}")
        if not closing:
            return ""
    return THOUGHT.split(text, maxsplit=1)[-1]


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
    """Whether a line after an empty line can be nothing but a sentence about the diagram.

    It starts at the margin and has no syntax; a colon within it may be syntax (`Note over A: …`).
    """
    return PROSE.fullmatch(line) is not None and len(line.split()) > 3


def _clean(code: str) -> str:
    return sound(code).replace("\r\n", "\n").strip()
