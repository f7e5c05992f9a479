"""The names of diagram types."""

from __future__ import annotations

import json

import pytest

from app.diagram_types import LIST, TYPES, find, matches


def test_a_type_is_found_under_every_name_that_mermaid_has_for_it() -> None:
    entries = json.loads(LIST.read_text(encoding="utf-8"))
    assert [each["type"] for each in entries] == list(TYPES)
    assert len(TYPES) == 38
    for each in entries:
        keyword = each["example"][0].split()[0]
        for name in (each["type"], keyword, *each["aliases"], *each["names"]):
            assert find(name) == each["type"], name


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
