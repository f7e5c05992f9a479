"""A variable that is set twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    pytest.param("A=1\nB=2\n", [], id="once"),
    pytest.param("A=1\nB=2\nA=3\n", ["3:1 warning A"], id="twice"),
    pytest.param("A=1\nA=2\n  export A=3\n", ["2:1 warning A", "3:10 warning A"], id="three times"),
    pytest.param("A=1\n# A=2\n", [], id="in a comment"),
    pytest.param("A='\nA=2\n'\n", [], id="within a value"),
    pytest.param("A=1\na=2\n", [], id="other case"),
    pytest.param("A='x\ncanary=y\ncanary=z\n", ["3:1 warning"], id="no name of what may be a part of the value"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_duplicate(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("duplicate", env) == expected


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ("A=1\nB=1\nA=2\n", "A is already set in line 1"),
        ("A='x\ncanary=y\ncanary=z\n", "a line sets the same variable as line 2"),
    ],
)
def test_what_a_user_reads(told_by: Callable[..., list[tuple[str, str, str]]], env: str, message: str) -> None:
    why = "the last line counts; a change of the other line has no effect"
    assert told_by("duplicate", env) == [(message, why, "remove one of the two lines")]
