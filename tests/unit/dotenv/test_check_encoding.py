"""Bytes that are no UTF-8."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from upready.dotenv import check
from upready.stack.selection import Stack

CASES = [
    pytest.param(b"A=1\n", [], id="ASCII"),
    pytest.param(b"A=na\xc3\xafve \xe2\x98\x83\n", [], id="UTF-8"),
    pytest.param(b"A=1\nB=na\xefve\n", ["2:5 error"], id="Latin-1"),
    pytest.param(b"\xff\xfeA\x00=\x00h\x00e\x00l\x00l\x00o\x00\n\x00", ["1:1 error"], id="UTF-16"),
    pytest.param(b"# caf\xe9\nA=1 # caf\xe9\nB='x' # \xe9\n", [], id="Latin-1 in comments"),
    pytest.param(b"# caf\xe9\nA=1\nB=\xe9\n", ["3:3 error"], id="Latin-1 in a comment, and in a value"),
    pytest.param(b"A=\xff\xfe\nB=\xff\n", ["1:3 error"], id="first of several"),
    pytest.param(b"A=1\nB=a\0b\n", ["2:4 error"], id="a NUL"),
    pytest.param("A=1\nB=2\n".encode("utf-16-le"), ["1:1 error"], id="UTF-16 without a mark, which is UTF-8, too"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_encoding(found_by: Callable[..., list[str]], env: bytes, expected: list[str]) -> None:
    assert found_by("encoding", env) == expected


def test_of_a_file_in_utf16_nothing_else_is_said(make_stack: Callable[..., Stack]) -> None:
    schema = "# @required\nA=\nB=\n"
    found = check(make_stack("A=1\nB=2\nC=3\n".encode("utf-16"), schema=schema))
    assert {each.check for each in found if each.file == ".env"} == {"encoding"}
