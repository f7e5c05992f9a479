"""Lines that are no `NAME=value`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from upready.dotenv import check
from upready.stack.selection import Stack

CASES = [
    pytest.param("A=1\nexport B=2\n# comment\n\n  C = 3\na.b=1\nA-B=2\nA[0]=1\nÉ=1\n", [], id="fine"),
    pytest.param("A=1\nhello there\n", ["2:1 error"], id="words"),
    pytest.param("A B=1\n", ["1:1 error"], id="a space in the name"),
    pytest.param(
        "A B=1\nok=1\n!x=2\n???\n", ["1:1 error", "3:1 error", "4:1 error"], id="every bad line, not the first only"
    ),
    pytest.param('P: "5432"\nA : x\n', ["1:1 warning P", "2:1 warning A"], id="a colon for an equals sign"),
    pytest.param("K:1\nL:=2\nM :=a #c\nN:\n", [f"{n}:1 warning {x}" for n, x in enumerate("KLMN", 1)], id="no space"),
    pytest.param("O\tP=1\nQ\xa0R=2\n", ["1:1 warning", "2:1 warning"], id="blanks that compose takes for letters"),
    pytest.param('A="x";\nB=1;\n', [], id="a semicolon is the quote's business"),
    pytest.param("A\u200b=1\n", ["1:1 error"], id="an invisible character in the name"),
    pytest.param("const A=1\nset B=2\nC+=3\n", ["1:1 error", "2:1 error", "3:1 error"], id="of other languages"),
    pytest.param("A=1\nLONELY\n", ["2:1 warning"], id="a name alone"),
    pytest.param("export LONELY\nA=1\n", ["1:1 warning"], id="export of a name alone"),
    pytest.param("KEY=-----BEGIN\nMII/+abc==\n", ["2:1 error"], id="a line of a broken multi-line value"),
    pytest.param("A='open\nhello there\n", [], id="behind a quote that is not closed"),
    pytest.param("hello there\nA='open\n", ["1:1 error"], id="above a quote that is not closed"),
    pytest.param("A B='x\n", ["1:1 error"], id="the line of such a quote itself"),
    pytest.param("A='x\nB='y'\n", [], id="what is the quote's business, too"),
    pytest.param('A="x" + "y"\n', [], id="text behind a quote, too"),
    pytest.param("A=-----BEGIN KEY-----\nMII=\nabc\n-----END KEY-----\n", [], id="a key without quotes, too"),
    pytest.param("setx A=1\nreadonly B=1\nENV C=1\n", ["1:1 error", "2:1 error", "3:1 error"], id="still others"),
    pytest.param('A="x" B="y" !C=1\n', ["1:1 error"], id="what nothing else explains"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_syntax(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("syntax", env) == expected


def test_a_lonely_name_is_told_only_where_it_is_one(found_by: Callable[..., list[str]]) -> None:
    # Any other word may be a line of a secret that lost its quotes.
    assert found_by("syntax", "LONELY\n", schema="LONELY=\n") == ["1:1 warning LONELY"]


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ('P: "5432"\n', "P has a colon in the place of `=`"),
        ("set B=2\n", "the line begins with `set`, which a .env file does not have"),
        ("A\u200b=1\n", "the line has an invisible character in the variable's name"),
        ("C+=3\n", "the line adds to a variable with `+=`, as a shell does"),
    ],
)
def test_the_true_cause_is_named(make_stack: Callable[..., Stack], env: str, message: str) -> None:
    assert [each.message for each in check(make_stack(env)) if each.line] == [message]


@pytest.mark.parametrize(
    ("env", "message", "fix"),
    [
        (
            "hello there\n",
            "is not a `NAME=value`",
            "begin a comment with #, or put the value of the line above between quotes",
        ),
        ("A B=1\n", "has a space in the variable's name", "write NAME=value without spaces in NAME"),
        ("const A=1\n", "begins with `const`, which a .env file does not have", "remove `const`"),
        ("declare -x A=1\n", "begins with `declare`, which a .env file does not have", "remove `declare`"),
        ("A\u200b=1\n", "has an invisible character in the variable's name", "type the line again"),
        ("C+=3\n", "adds to a variable with `+=`, as a shell does", "write NAME=${NAME}… in one line"),
        ("!x=1\n", "has a character that a variable's name cannot have", "use letters, digits and _ in names"),
    ],
)
def test_what_a_user_reads_of_a_line_that_compose_refuses(
    told_by: Callable[..., list[tuple[str, str, str]]], env: str, message: str, fix: str
) -> None:
    assert told_by("syntax", env) == [(f"the line {message}", "compose refuses the whole file", fix)]


def test_what_a_user_reads_of_a_line_that_compose_reads(told_by: Callable[..., list[tuple[str, str, str]]]) -> None:
    why = "compose takes the value from the shell, and skips the line if the shell has none"
    assert told_by("syntax", "LONELY\n") == [("a line has no `=`", why, "write NAME= and a value, or remove the line")]
    assert told_by("syntax", "LONELY\n", schema="LONELY=\n") == [
        ("LONELY has no `=`", why, "write LONELY= and a value, or remove the line")
    ]
    assert told_by("syntax", 'P: "5"\n') == [
        (
            "P has a colon in the place of `=`",
            "compose reads it; a shell, python-dotenv and `docker run --env-file` do not",
            "write P= instead of P:",
        )
    ]


def test_what_compose_misses_is_told_where_nothing_else_is(
    told_by: Callable[..., list[tuple[str, str, str]]],
) -> None:
    missed = (
        "this is not a `NAME=value`",
        "compose refuses the whole file",
        "begin a comment with #, or put the value of the line above between quotes",
    )
    # Compose takes the text behind the second quote for another variable.
    assert told_by("syntax", 'A="x" B="y" !C=1\n') == [missed]
    assert missed not in told_by("syntax", 'hello there\nA="x" B="y" !C=1\n')
