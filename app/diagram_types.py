"""The diagram types, under the names that people and Mermaid give them.

The MCP server has the list: `diagram_types.json` among its sources, which the image brings along.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated

from pydantic import WithJsonSchema

LIST = Path(__file__).resolve().parents[1] / "docker" / "mcp-server" / "src" / "diagram_types.json"

# What the validator answers as `diagram_type`, each with further names; as `_plain` writes them.
TYPES: dict[str, tuple[str, ...]] = {
    each["type"]: tuple(each["names"]) for each in json.loads(LIST.read_text(encoding="utf-8"))
}

DiagramType = Annotated[str, WithJsonSchema({"type": "string", "enum": list(TYPES)})]


def _plain(name: str) -> str:
    """`sequenceDiagram`, `Sequence-Diagram` and `sequence` are one; so are `block-beta` and `block`."""
    plain = name.lower().replace("-", "")
    for suffix in ("beta", "v2", "diagram"):
        plain = plain.removesuffix(suffix)
    return plain


_BY_NAME = {_plain(name): type_ for type_, others in TYPES.items() for name in (type_, *others)}


def find(name: str) -> str | None:
    """The type that is meant, as the validator names it; None if there is no such type."""
    return _BY_NAME.get(_plain(name))


def begins(line: str) -> bool:
    """Whether a line is the first of a diagram: `flowchart LR`, `pie title Pets`, but not `Flow of an order:`."""
    word = re.match(r"\s*([a-z][A-Za-z0-9-]*|C4[A-Z][a-z]+)(?=[\s:;]|$)", line)
    return word is not None and find(word[1]) is not None


def matches(wanted: str, got: str) -> bool:
    """Whether a diagram of the type `got` is what was wanted; one laid out by ELK is a flowchart like any other."""
    first, second = (find(name) or _plain(name) for name in (wanted, got))
    return first == second or (first, second) == ("flowchart-v2", "flowchart-elk")
