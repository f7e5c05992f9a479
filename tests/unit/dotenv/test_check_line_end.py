"""Windows line ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    pytest.param("A=1\nB=2\n", [], id="Unix"),
    pytest.param("A=1\r\nB=2\r\n", ["1:4 warning"], id="Windows"),
    pytest.param("A=1\nB=2\r\nC=3\r\n", ["2:4 warning"], id="mixed"),
    pytest.param("A=1\rB=2\n", ["1:4 warning"], id="alone"),
    pytest.param("\r\nA=1\r\n", ["1:1 warning"], id="in the first line"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_line_end(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("line-end", env) == expected


@pytest.mark.parametrize(
    ("env", "message", "why"),
    [
        (
            "A=1\r\nB=2\r\n",
            ".env has Windows line ends (CRLF)",
            "a shell, `docker run --env-file` and values of several lines keep the carriage return",
        ),
        ("A=1\rB=2\n", ".env has a carriage return within a line", "for compose the line does not end there"),
    ],
)
def test_what_a_user_reads(
    told_by: Callable[..., list[tuple[str, str, str]]], env: str, message: str, why: str
) -> None:
    assert told_by("line-end", env) == [(message, why, "save it with Unix line ends (LF)")]
