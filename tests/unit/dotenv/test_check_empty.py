"""A required variable without a value."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from upready.support import shell_words

SCHEMA = """\
# @required
A=
B=
C=
# @required=forEnv(prod)
D=
"""
COMPOSE = 'services: {app: {image: app, environment: ["X=${B:?needed}"]}}\n'

CASES = [
    pytest.param("A=1\nB=2\n", [], id="a value"),
    pytest.param("A=\nB=2\n", ["1:1 error A"], id="nothing"),
    pytest.param("B=2\nA=''\n", ["2:1 error A"], id="quoted nothing"),
    pytest.param("A='  '\nB=2\n", ["1:1 error A"], id="white space only"),
    pytest.param("A=1\nB=1\nC=\n", [], id="optional"),
    pytest.param("A=1\nB=\n", ["2:1 error B"], id="required by compose only"),
    pytest.param("A=1\nB=2\nD=\n", [], id="required for prod only"),
    pytest.param("B=2\n", [], id="missing altogether"),
    pytest.param("A=1\nB=2\nA=\n", ["3:1 error A"], id="the last one counts"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_empty(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("empty", env, schema=SCHEMA, compose=COMPOSE) == expected


def test_what_prod_requires_may_not_be_empty_there(found_by: Callable[..., list[str]]) -> None:
    how = {"schema": SCHEMA, "compose": COMPOSE, "environment": "prod"}
    assert found_by("empty", "A=1\nB=2\nC=\nD=\n", **how) == ["4:1 error D"]


def test_a_value_of_the_shell_fills_an_empty_one(
    found_by: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A", "from the shell")
    assert found_by("empty", "A=\nB=2\n", schema=SCHEMA, compose=COMPOSE) == []


@pytest.mark.parametrize(
    ("env", "environment", "expected"),
    [
        ("KEYS=\n", "prod", ["1:1 error KEYS"]),
        ("KEYS=\nOPEN=no\n", "prod", ["1:1 error KEYS"]),
        ("KEYS=\nOPEN=true\n", "prod", []),
        ("KEYS=x\nOPEN=\n", "prod", []),
        ("KEYS=\n", "dev", []),
    ],
)
def test_another_variable_may_say_that_it_is_not_needed(
    found_by: Callable[..., list[str]], env: str, environment: str, expected: list[str]
) -> None:
    schema = "# @required=and(forEnv(prod), not($OPEN))\nKEYS=\n# @type=boolean\nOPEN=\n"
    assert found_by("empty", env, schema=schema, environment=environment) == expected


def test_what_a_user_reads(told_by: Callable[..., list[tuple[str, str, str]]]) -> None:
    assert told_by("empty", "A=\nB=\n", schema=SCHEMA, compose=COMPOSE) == [
        ("A is required and empty in .env", "dev cannot run without it", "invoke env.set A"),
        ("B is required and empty in .env", "compose refuses to start without it", "invoke env.set B"),
    ]


def test_it_says_which_other_variables_make_it_required(told_by: Callable[..., list[tuple[str, str, str]]]) -> None:
    schema = "# @required=and(not($OPEN), not($FREE))\nKEYS=\n# @type=boolean\nOPEN=\n# @type=boolean\nFREE=\n"
    [found] = told_by("empty", "KEYS=\nOPEN=no\nFREE=no\n", schema=schema)
    assert found[1] == "dev cannot run without it, because of the value of OPEN and FREE"


def test_it_says_where_it_is_empty(
    told_by: Callable[..., list[tuple[str, str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    env, how = "A=1\nB=2\n", {"schema": SCHEMA, "compose": COMPOSE}
    [found] = told_by("empty", env, variables={"A": ""}, **how)
    step = "change A in invoke.yaml, where the profile sets it, then: <the same command>"
    assert (found[0], found[2]) == ("A is required and empty with this profile", step)
    monkeypatch.setenv("A", "")
    [found] = told_by("empty", env, **how)
    assert (found[0], found[2]) == ("A is required and empty in the shell", shell_words.removal("A"))
