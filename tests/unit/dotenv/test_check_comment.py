"""An unquoted ` #`, which compose drops with all that follows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    pytest.param("A=a#b\nB='x #y'\nC=\"x #y\"\nD=#fff\n# A=1 #2\n", [], id="none"),
    pytest.param("A_TOKEN=pass #word\n", ["1:14 warning A_TOKEN"], id="within a secret"),
    pytest.param("A_TOKEN=pass #word #x  \n", ["1:14 warning A_TOKEN"], id="the first of two"),
    pytest.param("A_TOKEN\n", [], id="a name alone"),
    pytest.param("A_TOKEN=pass # of the API\n", [], id="a comment behind a secret"),
    pytest.param("PORT=8000 # the port\nB=x #y\nC=5434      # host port; avoids conflicts\n", [], id="a comment"),
    pytest.param("A=\t# nothing\n", ["1:4 warning A"], id="instead of a value, behind a tab"),
    pytest.param("A= # nothing\n", ["1:4 warning A"], id="instead of a value"),
    pytest.param("A='x' # fine\nA_TOKEN='pass' #word\nB_TOKEN='pass #word'\n", [], id="with quotes"),
    pytest.param("A=# x\n", [], id="directly behind the sign, where it begins a value"),
    pytest.param("A='x\ncanary_token=y #z\n", ["2:16 warning"], id="no name of what may be a part of the value"),
    pytest.param("MIIcanary_Token=y #z\n", ["1:19 warning"], id="nor of what is named as no variable is"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_comment(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("comment", env) == expected


@pytest.mark.parametrize(
    ("env", "message", "why"),
    [
        ("A= # nothing\n", "A has a `#` where its value would begin", "compose takes the comment for the value"),
        ("A_TOKEN=pass #word\n", "A_TOKEN has a ` #` in its value", "compose drops the ` #` and everything behind it"),
    ],
)
def test_what_a_user_reads(
    told_by: Callable[..., list[tuple[str, str, str]]], env: str, message: str, why: str
) -> None:
    fix = "put the value between quotes if the # is part of it; else give the comment a line of its own"
    assert told_by("comment", env) == [(message, why, fix)]
