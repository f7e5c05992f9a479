"""The diagram types, under the names that people and Mermaid give them."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import WithJsonSchema

# What the validator answers as `diagram_type`, each with further names; as `_plain` writes them.
TYPES: dict[str, tuple[str, ...]] = {
    "flowchart-v2": ("graph", "flow"),
    "sequence": (),
    "classDiagram": (),
    "stateDiagram": (),
    "er": ("entityrelationship",),
    "gantt": (),
    "mindmap": (),
    "pie": ("piechart",),
    "timeline": (),
    "journey": ("userjourney",),
    "quadrantChart": ("quadrant",),
    "gitGraph": ("git",),
    "requirement": (),
    "c4": ("c4context", "c4container", "c4component", "c4dynamic", "c4deployment"),
    "architecture": (),
    "block": (),
    "kanban": (),
    "xychart": ("xy",),
    "sankey": (),
    "packet": (),
    "radar": (),
    "treemap": (),
    "treeView": (),
    "swimlane": ("swimlanes",),
    "usecase": (),
    "venn": (),
    "ishikawa": ("fishbone",),
    "wardley": ("wardleymap",),
    "cynefin": (),
    "eventmodeling": (),
    "agentflow": (),
    "railroad": (),
    "railroadEbnf": (),
    "railroadAbnf": (),
    "railroadPeg": (),
    "flowchart-elk": (),
    "info": (),
    "error": (),
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
