"""A byte order mark."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from upready.dotenv import values
from upready.stack.selection import Stack

CASES = [
    pytest.param("A=1\n", [], id="none"),
    pytest.param("\ufeffA=1\n", ["1:1 warning"], id="at the start"),
    pytest.param("A='\ufeff'\n", [], id="elsewhere it is a character"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_byte_order_mark(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("byte-order-mark", env) == expected


def test_the_first_variable_is_read_all_the_same(make_stack: Callable[..., Stack]) -> None:
    assert [(each.name, each.text) for each in values(make_stack("\ufeffA=1\n"))] == [("A", "1")]


def test_what_a_user_reads(told_by: Callable[..., list[tuple[str, str, str]]]) -> None:
    assert told_by("byte-order-mark", "\ufeffA=1\n") == [
        (
            ".env begins with a byte order mark",
            "a shell and other readers take it for part of the first name, and that variable is then not set",
            "save it as UTF-8 without a byte order mark",
        )
    ]
