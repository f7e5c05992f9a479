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
    pytest.param('A="hello"world', ["1:10 warning A"], id="text behind in the last line, which does not end"),
    pytest.param('A="hello" # world', [], id="a comment behind in such a line"),
    pytest.param('A="x";\nB=1\n', ["1:6 error A"], id="a semicolon behind"),
    pytest.param('B=1\nA="x";\nC=2\n', ["2:6 error A"], id="a semicolon behind, between other lines"),
    pytest.param("A='x',\nB=1\n", ["1:6 error A"], id="a comma behind"),
    pytest.param('A="x" + "y"\nB=1\n', ["1:6 error A"], id="signs behind, which compose refuses"),
    pytest.param("A: \"x\"\nB: 'y'\n", [], id="behind a colon"),
    pytest.param("A=it's\n", [], id="within a bare value"),
    pytest.param("A=\"x\nB=1\nC='y\n", ["1:3 error A", "3:3 error"], id="two of them"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_quote(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("quote", env) == expected


OPEN = ("A begins with a quote that is not closed", "compose reads on into the next lines, or refuses the whole file")
QUOTED = "put the whole value between quotes: invoke env.set A"


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ("A='x\n", (*OPEN, "end the line with '")),
        ('A="x\n', (*OPEN, 'end the line with "')),
        ("A='C:\\dir\\' \nB=x\n", (*OPEN, "write the backslash before the last quote twice, in double quotes")),
        (
            'A="x";\nB=1\n',
            (
                "A has a `;` behind its closing quote",
                "compose refuses the whole file: a value ends with its line",
                "remove the `;`",
            ),
        ),
        (
            "A='x',\nB=1\n",
            (
                "A has a `,` behind its closing quote",
                "compose refuses the whole file: a value ends with its line",
                "remove the `,`",
            ),
        ),
        ('A="x" + "y"\nB=1\n', ("A has text behind its closing quote", "compose refuses the whole file", QUOTED)),
        (
            'A="hello"world\nB=x\n',
            ("A has text behind its closing quote", "compose drops the text, or takes it for the next line", QUOTED),
        ),
        (
            "A=-----BEGIN KEY-----\nMII=\nabc\n-----END KEY-----\nB=1\n",
            (
                "A has several lines and no quotes",
                "compose takes the first line for the value, and the other lines for variables",
                "from a file, and between quotes: invoke env.set A < FILE",
            ),
        ),
    ],
)
def test_what_a_user_reads(
    told_by: Callable[..., list[tuple[str, str, str]]], env: str, told: tuple[str, str, str]
) -> None:
    assert told_by("quote", env) == [told]


def test_what_compose_misses_is_told_where_nothing_else_is(
    told_by: Callable[..., list[tuple[str, str, str]]],
) -> None:
    # Compose takes the text behind the first quote for another variable.
    missed = (
        "a quote is not closed before this line",
        "compose refuses the whole file",
        "close the quote where the value ends",
    )
    assert [each for each in told_by("quote", 'A="x" B=\'y\n') if each[0] == missed[0]] == [missed]
    assert missed not in told_by("quote", "A='x\n")


def test_a_comment_behind_a_quote_and_a_bare_value_explain_nothing(found_by: Callable[..., list[str]]) -> None:
    env = 'B=\'x\' # y !z\nD=a !b\nA="x" B="y" !C=1\n'
    assert found_by("syntax", env) == ["3:1 error"]
