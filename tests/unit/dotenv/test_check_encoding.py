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
    pytest.param(b"A=a\0bcde\0fghij\n", ["1:4 error"], id="the first NUL"),
    pytest.param(b"\0A=12345\n", ["1:1 error"], id="a NUL at the start"),
    pytest.param(b"A=a\xff\0bcdefghijk\n", ["1:4 error"], id="a NUL in what is no UTF-8 anyway"),
    pytest.param("A=1\nB=2\n".encode("utf-16-le"), ["1:1 error"], id="UTF-16 without a mark, which is UTF-8, too"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_encoding(found_by: Callable[..., list[str]], env: bytes, expected: list[str]) -> None:
    assert found_by("encoding", env) == expected


def test_of_a_file_in_utf16_nothing_else_is_said(make_stack: Callable[..., Stack]) -> None:
    schema = "# @required\nA=\nB=\n"
    found = check(make_stack("A=1\nB=2\nC=3\n".encode("utf-16"), schema=schema))
    assert {each.check for each in found if each.file == ".env"} == {"encoding"}


UTF8 = "save it as UTF-8 without a byte order mark"
DIFFERENT = "compose, the containers and the app read different characters, or fail"


@pytest.mark.parametrize(
    ("env", "told"),
    [
        (
            b"A=1\nB=a\0b\n",
            (
                ".env has a NUL character",
                "no variable of a process can have one: the service does not start, or gets only the part before it",
                "remove the NUL character",
            ),
        ),
        (b"A=\xef\n", (".env is not UTF-8", DIFFERENT, UTF8)),
        (
            "A=1\n".encode("utf-16"),
            (".env is not UTF-8 (UTF-16, as some editors on Windows save it)", DIFFERENT, UTF8),
        ),
    ],
)
def test_what_a_user_reads(
    told_by: Callable[..., list[tuple[str, str, str]]], env: bytes, told: tuple[str, str, str]
) -> None:
    assert told_by("encoding", env) == [told]
