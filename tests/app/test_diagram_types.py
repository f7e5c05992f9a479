"""The names of diagram types."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.diagram_types import TYPES, find, matches

CATALOGUE = Path(__file__).resolve().parents[2] / "docker" / "mcp-server" / "src" / "catalogue.mjs"


def test_they_are_the_mcp_server_s_under_every_name_it_knows() -> None:
    entries = re.findall(
        r"^  entry\('([^']+)', (?:'[^']*'|\"[^\"]*\"), \[([^\]]*)\], `\n([^\s`]+)",
        CATALOGUE.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert [type_ for type_, _, _ in entries] == list(TYPES)
    for type_, aliases, keyword in entries:
        for name in (type_, keyword, *re.findall(r"'([^']+)'", aliases)):
            assert find(name) == type_, name


@pytest.mark.parametrize(
    ("wanted", "got", "same"),
    [
        ("flowchart", "flowchart-v2", True),
        ("graph", "flowchart-v2", True),
        ("flowchart", "flowchart-elk", True),
        ("flowchart-elk", "flowchart-v2", False),
        ("sequence", "sequence", True),
        ("sequenceDiagram", "sequence", True),
        ("sequence-diagram", "sequence", True),
        ("class", "classDiagram", True),
        ("stateDiagram-v2", "stateDiagram", True),
        ("er", "error", False),
        ("graph", "gitGraph", False),
        ("c4", "classDiagram", False),
        ("tree", "treemap", False),
        ("C4Context", "c4", True),
        ("xychart-beta", "xychart", True),
        ("flowchart", "of-a-newer-mermaid", False),
    ],
)
def test_two_names_of_one_type(wanted: str, got: str, same: bool) -> None:
    assert matches(wanted, got) is same


@pytest.mark.parametrize("name", ["", "c", "diagram", "beta", "nonsense", "flow chart"])
def test_what_is_no_type(name: str) -> None:
    assert find(name) is None
