"""Windows line ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    pytest.param("A=1\nB=2\n", [], id="Unix"),
    pytest.param("A=1\r\nB=2\r\n", ["1:4 warning"], id="Windows"),
    pytest.param("A=1\nB=2\r\nC=3\r\n", ["2:4 warning"], id="mixed"),
    pytest.param("A=1\rB=2\n", ["1:4 warning"], id="alone"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_line_end(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("line-end", env) == expected
