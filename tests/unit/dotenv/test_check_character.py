"""Characters that nobody sees, and typographic quotes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    pytest.param("A=“hello”\nB=‘x’\nC=«x»\n", ["1:3 warning A", "2:3 warning B", "3:3 warning C"], id="quotes"),  # noqa: RUF001
    pytest.param('A=“hello"\n', ["1:3 warning A"], id="one quote of each kind"),
    pytest.param("A=It’s “fine” here\nB='“quoted”'\nC=\"“quoted”\"\n", [], id="quotes that are meant"),  # noqa: RUF001
    pytest.param("A_TOKEN=abcdefgh12345678\u200b\n", ["1:25 warning A_TOKEN"], id="a zero-width space at the end"),
    pytest.param("A=ab\u200bcd\n", ["1:5 warning A"], id="within"),
    pytest.param("A='\ufeffx'\n", ["1:4 warning A"], id="a byte order mark within quotes"),
    pytest.param(
        "A='x\u00a0'\nB=x\u00a0\n",
        ["1:5 warning A"],
        id="a space at the end that is none, which compose trims without quotes",
    ),
    pytest.param("A=\u202ex\n", ["1:3 warning A"], id="a change of direction"),
    pytest.param("A=10\u00a0000\n", ["1:5 warning A"], id="a space that is not breakable in a number"),
    pytest.param("A=co\u00adop\n", ["1:5 warning A"], id="a soft hyphen"),
    pytest.param("A='à bientôt\u00a0!'\n", [], id="as French has it"),
    pytest.param("A=می\u200cخواهم\nB=👨\u200d👩\u200d👧\n", [], id="as Persian and emoji have it"),  # noqa: RUF001
    pytest.param("A='à\u00a0!\u00a0\u00a0'\n", ["1:7 warning A"], id="the last ones of several"),
    pytest.param("A='\u2003\u2003é'\n", ["1:4 warning A"], id="the first ones"),
    pytest.param("A='\u00a0' # x\n", ["1:4 warning A"], id="nothing else"),
    pytest.param("A=10\u202f000\nB=10\u2009000\n", ["1:5 warning A", "2:5 warning B"], id="narrow spaces in a number"),
    pytest.param("A=10\u00a0000 m\nB=a\u00a0é\nC=a\u00a0 b\n", [], id="within a sentence"),
    pytest.param("A=\u200dé\nB=é\u200d\n", ["1:3 warning A", "2:4 warning B"], id="a joiner at either end"),
    pytest.param("A=a\u200dé\nB=é\u200db\n", ["1:4 warning A", "2:4 warning B"], id="a joiner beside ASCII"),
    pytest.param("A='x # \u200b'\n", ["1:8 warning A"], id="in quotes, behind what is no comment there"),
    pytest.param("A=é\u200bé\n", ["1:4 warning A"], id="no joiner between letters beyond ASCII"),
    pytest.param("A=-----BEGIN\u200b KEY-----\nabc\n-----END KEY-----\n", [], id="a key without quotes"),
    pytest.param("A\u200b\nB=a\u200bb\n", ["2:4 warning B"], id="no value at all, and one behind it"),
    pytest.param("A=naïve ☃ 東京\n# \u200b\nB=1 # “x” \u200b\n", [], id="letters of any script, and comments"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_character(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("character", env) == expected


@pytest.mark.parametrize(
    ("env", "message", "why"),
    [
        (
            "A=ab\u200bcd\n",
            "A has an invisible character (U+200B, zero width space)",
            "the character is part of the value, and nobody sees it",
        ),
        (
            "A=“x”\n",
            "A begins with a typographic quote, not with `'` or `\"`",
            "compose takes both quotes for part of the value",
        ),
    ],
)
def test_what_a_user_reads(
    told_by: Callable[..., list[tuple[str, str, str]]], env: str, message: str, why: str
) -> None:
    fix = "type the value again, in plain quotes if it needs quotes: invoke env.set A"
    assert told_by("character", env) == [(message, why, fix)]
