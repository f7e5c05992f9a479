"""Quotes that do not close where the value ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    pytest.param("A=-----BEGIN KEY-----\nMII=\nabc\n-----END KEY-----\nB=1\n", ["1:3 error A"], id="a torn key"),
    pytest.param("A='x'\nB=\"y\" # comment\nC='two\nlines'\nD=\"esc\\\"aped\"\nE='it\\'s'\n", [], id="closed"),
    pytest.param("A='x\n", ["1:3 error A"], id="not closed"),
    pytest.param('B=1\nA="x\n', ["2:3 error A"], id="not closed, double"),
    pytest.param("A='x\nB='y'\n", ["1:3 error A"], id="closed by the next value's quote"),
    pytest.param("A='x\ncanary=\"y\n", ["1:3 error A", "2:8 error"], id="no name of what may be a part of the value"),
    pytest.param("A='C:\\dir\\'\nB=x\n", ["1:3 error A"], id="a backslash before the last quote"),
    pytest.param('A="hello"world\nB=x\n', ["1:10 warning A"], id="text behind"),
    pytest.param('A="x";\nB=1\n', ["1:6 error A"], id="a semicolon behind"),
    pytest.param("A='x',\nB=1\n", ["1:6 error A"], id="a comma behind"),
    pytest.param('A="x" + "y"\nB=1\n', ["1:6 error A"], id="signs behind, which compose refuses"),
    pytest.param("A: \"x\"\nB: 'y'\n", [], id="behind a colon"),
    pytest.param("A=it's\n", [], id="within a bare value"),
    pytest.param("A=\"x\nB=1\nC='y\n", ["1:3 error A", "3:3 error"], id="two of them"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_quote(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("quote", env) == expected
