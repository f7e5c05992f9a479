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

# Each type as the validator names it (`diagram_type`), with more names in the form that `_plain` gives.
TYPES: dict[str, tuple[str, ...]] = {
    each["type"]: tuple(each["names"]) for each in json.loads(LIST.read_text(encoding="utf-8"))
}

DiagramType = Annotated[str, WithJsonSchema({"type": "string", "enum": list(TYPES)})]


def _plain(name: str) -> str:
    """One form for all spellings of a name: `sequenceDiagram`, `Sequence-Diagram` and `sequence` are equal."""
    plain = name.lower().replace("-", "")
    for suffix in ("beta", "v2", "diagram"):
        plain = plain.removesuffix(suffix)
    return plain


_BY_NAME = {_plain(name): type_ for type_, others in TYPES.items() for name in (type_, *others)}


def find(name: str) -> str | None:
    """The type with this name, as the validator names it; None if there is no such type."""
    return _BY_NAME.get(_plain(name))


def begins(line: str) -> bool:
    """Whether a line begins a diagram: `flowchart LR` and `pie title Pets` do, `Flow of an order:` does not."""
    word = re.match(r"\s*([a-z][A-Za-z0-9-]*|C4[A-Z][a-z]+)(?=[\s:;]|$)", line)
    return word is not None and find(word[1]) is not None


def matches(wanted: str, got: str) -> bool:
    """Whether a diagram of the type `got` is one of the type `wanted`. One with the ELK layout is a flowchart too."""
    first, second = (find(name) or _plain(name) for name in (wanted, got))
    return first == second or (first, second) == ("flowchart-v2", "flowchart-elk")
