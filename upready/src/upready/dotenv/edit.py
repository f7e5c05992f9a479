"""Change the text of a `.env` file: set values, or add missing variables. Order, comments and line ends stay.

Every function takes a document and returns the new text; `writer` writes it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping

from upready.dotenv.schema import Variable
from upready.envfile.document import Document
from upready.envfile.entries import Entry, strip_comment
from upready.envfile.quoting import encode

_Edit = tuple[int, int, str]


def change(doc: Document, values: Mapping[str, str], describe: Mapping[str, Variable] | None = None) -> str:
    """Set variables. A new one is added at the end of the file, with its comments from the schema if there are any.

    Raises:
        UnwritableError: No `.env` file can hold a value.
    """
    edits: list[_Edit] = []
    tail = ""
    for name, value in values.items():
        entry = doc.get(name)
        if entry is not None:
            edits.append(_rewritten(doc, entry, value))
        else:
            variable = (describe or {}).get(name) or Variable(name, block=f"{name}=")
            tail += _gap(doc.text + tail, doc.newline) + _block(variable, value, doc.newline)
    if tail:
        edits.append((len(doc.text), len(doc.text), tail))
    return _applied(doc.text, edits)


def complete(doc: Document, order: Iterable[Variable], values: Mapping[str, str | None]) -> str:
    """Add missing variables and fill in empty ones, each at its place in the order of the schema.

    Args:
        doc: The file.
        order: Every variable of the schema, in order.
        values: The values to add or fill in, by name; None copies the line of the schema exactly.
    """
    edits: list[_Edit] = []
    additions: dict[int, str] = {}
    anchor = len(doc.text)
    for variable in order:
        entry = doc.get(variable.name)
        if entry is not None:
            anchor = entry.end
            if (value := values.get(variable.name)) is not None:
                edits.append(_rewritten(doc, entry, value))
        elif variable.name in values:
            before = doc.text[:anchor] + additions.get(anchor, "")
            block = _gap(before, doc.newline) + _block(variable, values[variable.name], doc.newline)
            additions[anchor] = additions.get(anchor, "") + block
    for at, text in additions.items():
        following = doc.text[at:]
        # Put a blank line behind the addition, unless there is one.
        edits.append((at, at, text if not following.strip() or following[0] in "\r\n" else text + doc.newline))
    return _applied(doc.text, edits)


def _block(variable: Variable, value: str | None, newline: str) -> str:
    """The lines of a variable for a file: its comments, and its assignment with the value or as in the schema."""
    lines = variable.block.split("\n")
    comments = list(itertools.takewhile(lambda line: line.lstrip().startswith("#"), lines))
    own = "\n".join(lines[len(comments) :])
    if value is not None:
        head = re.match(r"\s*(?:export\s+)?[^=:]*[=:]", own)
        own = (head[0] if head else f"{variable.name}=") + encode(value)
    return newline.join([*(comment.rstrip("\r") for comment in comments), own]) + newline


def _gap(before: str, newline: str) -> str:
    """The line ends between a text and the block that follows, so that a blank line separates them."""
    if not before.strip("\ufeff"):
        return ""
    ended = before.endswith("\n")
    blank = re.search(r"\n[ \t\r]*\n\Z", before)
    return ("" if ended else newline) + ("" if blank else newline)


def _rewritten(doc: Document, entry: Entry, value: str) -> _Edit:
    """The edit that replaces a value; the comment behind it and the line end stay."""
    start = entry.value_start
    if entry.raw.startswith("#"):
        # `KEY= # comment`: the space is part of the comment.
        start = len(doc.text[:start].rstrip(" \t"))
    end = re.search(r"(\r?\n|\r)\Z", doc.text[entry.value_start : entry.end])
    comment = _comment(doc.text, entry)
    # An empty value before a comment needs quotes: compose would take the comment for the value.
    written = encode(value) or ("''" if comment else "")
    if comment and not written.endswith(("'", '"')):
        # Behind a value without quotes, only a blank before the `#` begins a comment for compose: a tab does not.
        before, sign, words = comment.partition("#")
        comment = f"{before if before.endswith(' ') else before + ' '}{sign}{words}"
    return (start, entry.end, written + comment + (end[0] if end else ""))


def _comment(text: str, entry: Entry) -> str:
    if entry.quote:
        close = re.match(r"(['\"])(?:\\.|(?!\1)[^\\])*\1", entry.raw, re.DOTALL)
        rest = entry.raw[close.end() :] if close else ""
        return rest if rest.lstrip().startswith("#") else ""
    if entry.raw.startswith("#") and text[entry.value_start - 1] in " \t":
        return " " + entry.raw
    return entry.raw[len(strip_comment(entry.raw)) :].rstrip()


def _applied(text: str, edits: list[_Edit]) -> str:
    # From the last to the first, so that earlier offsets stay valid.
    for start, end, replacement in sorted(edits, key=lambda edit: edit[0], reverse=True):
        text = text[:start] + replacement + text[end:]
    return text
