"""Bytes that are no UTF-8."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    pytest.param(b"A=1\n", [], id="ASCII"),
    pytest.param(b"A=na\xc3\xafve \xe2\x98\x83\n", [], id="UTF-8"),
    pytest.param(b"A=1\nB=na\xefve\n", ["2:5 error"], id="Latin-1"),
    pytest.param(b"\xff\xfeA\x00=\x00h\x00e\x00l\x00l\x00o\x00\n\x00", ["1:1 error"], id="UTF-16"),
    pytest.param(b"A=\xff\xfe\nB=\xff\n", ["1:3 error"], id="first of several"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_encoding(found_by: Callable[..., list[str]], env: bytes, expected: list[str]) -> None:
    assert found_by("encoding", env) == expected
