"""Sizes, bases told by layers, and the layers that an image adds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from upready.operations import images
from upready.operations.images import Image, Layer
from upready.report import images as report


def layered(*layers: str) -> dict[str, Any]:
    """What the engine says of an image, as far as it is asked."""
    return {"RootFS": {"Type": "layers", "Layers": list(layers)}, "Size": len(layers)}


@pytest.mark.parametrize(
    ("candidates", "base"),
    [
        ({"debian:1": layered("a"), "python:3": layered("a", "b")}, "python:3"),
        ({"python:3": layered("a", "b"), "node:1": layered("a", "x")}, "python:3"),
        # The image itself, one that is built on it, and an empty one are no base of it.
        ({"self": layered("a", "b", "c"), "child": layered("a", "b", "c", "d"), "scratch": layered()}, None),
        ({"other": layered("b")}, None),
        ({"broken": {"RootFS": {}}, "older": {}}, None),
        # Two tags of one image: always the same one is told.
        ({"python:3": layered("a"), "python:3.13": layered("a")}, "python:3.13"),
    ],
)
def test_base(candidates: dict[str, Any], base: str | None) -> None:
    assert images._base(layered("a", "b", "c"), candidates) == base


def test_largest_layers_are_those_that_the_base_does_not_have() -> None:
    base = [{"Size": 900, "CreatedBy": "FROM"}, {"Size": 0, "CreatedBy": "ENV"}]
    own = [
        {"Size": 0, "CreatedBy": 'CMD ["run"]'},
        {"Size": 5, "CreatedBy": "COPY app /app # buildkit"},
        {"Size": 70, "CreatedBy": "RUN /bin/sh -c pip install  x # buildkit"},
        {"Size": 1, "CreatedBy": "RUN |1 A=b /bin/sh -c make # buildkit"},
        {"Size": 8, "CreatedBy": "/bin/sh -c #(nop) COPY file:1 in /x "},
    ]
    assert images._largest([*own, *base], base) == (
        Layer(70, "RUN pip install x"),
        Layer(8, "COPY file:1 in /x"),
        Layer(5, "COPY app /app"),
    )
    assert images._largest(base, base) == ()


@pytest.mark.parametrize(
    ("size", "base_size", "budget", "added", "within"),
    [
        (100, 60, 40, 40, True),
        (100, 60, 39, 40, False),
        (100, 60, None, 40, None),
        (100, None, 39, None, None),
        (None, None, 39, None, None),
    ],
)
def test_budget(
    size: int | None, base_size: int | None, budget: int | None, added: int | None, within: bool | None
) -> None:
    image = Image("web", "web:1", size, "base:1" if base_size else None, base_size, budget)
    assert (image.added, image.within) == (added, within)


OVER = Image("web", "web:1", 100_000_000, "base:1", 60_000_000, 39_000_000, (Layer(40_000_000, "RUN [it]"),))
FINE = Image("db", "db:1", 100, None)


@pytest.mark.parametrize(("found", "code"), [([OVER, FINE], 5), ([FINE], 0), ([Image("a", "b", None)], 0), ([], 0)])
def test_an_image_over_its_budget_is_exit_code_5(
    found: list[Image], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report.show(found, as_json=True) == code
    assert json.loads(capsys.readouterr().out) == {"images": [each.as_dict() for each in found]}
    assert report.show(found, as_json=False) == code


def test_people_see_what_is_over_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    report.show([OVER, Image("gone", "gone:1", None)], as_json=False)
    printed = capsys.readouterr().out
    assert "web is over its budget: adds 40.0 MB, may 39.0 MB" in printed
    assert "40.0 MB  RUN [it]" in printed
    assert "missing" in printed
