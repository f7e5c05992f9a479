"""A `$` that compose expands or stumbles over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    pytest.param("A=1\nB=cost5$\nC=$5\nD=a$-b\nE=$(x)\n", [], id="none"),
    pytest.param("A='pa$$w$rd${X}'\n", [], id="single quotes"),
    pytest.param('A="pa\\$word"\n', [], id="escaped in double quotes"),
    pytest.param("A=pa$word\n", ["1:5 error A"], id="before a name that is not set"),
    pytest.param("A=a b$NOPE\n", ["1:6 error A"], id="in a value with a space"),
    pytest.param("A=$2y$10$abcdefgh\n", ["1:9 error A"], id="a bcrypt hash"),
    pytest.param('A="x $NOPE"\n', ["1:6 error A"], id="in double quotes"),
    pytest.param("A=a\\$NOPE\n", ["1:5 error A"], id="a backslash does not help outside quotes"),
    pytest.param("A=a$$b\n", ["1:4 warning A"], id="two dollars"),
    pytest.param('A="a$$b"\n', ["1:5 warning A"], id="two dollars in double quotes"),
    pytest.param("B=1\nA=x$B\n", ["2:4 warning A"], id="a bare name that is set"),
    pytest.param("B=1\nA=x${B}\n", [], id="in braces, set above"),
    pytest.param("A=x${B}\nB=1\n", ["1:4 error A"], id="in braces, set below only"),
    pytest.param("A=${NOPE}\n", ["1:3 error A"], id="in braces, not set"),
    pytest.param("A=${NOPE:-x}${NOPE-y}${NOPE:+z}\n", [], id="with a default"),
    pytest.param("A=${NOPE:?no}\n", ["1:3 error A"], id="with a demand"),
    pytest.param("A=a$$b$NOPE\n", ["1:7 error A"], id="the worst of several"),
    pytest.param("A=${1x}\nB=1\n", ["1:3 error A"], id="no name in the braces"),
    pytest.param("A=${B\n", ["1:3 error A"], id="braces that do not close"),
    pytest.param("A=1 # $NOPE\nB=x #y $NOPE #z\n", [], id="in a comment"),
    pytest.param("A='1' $NOPE\n$NOPE\n", [], id="behind a value, and no value at all"),
    pytest.param('A="\\$x $NOPE"\n', ["1:8 error A"], id="behind an escaped one"),
    pytest.param('A="x" $NOPE\n', [], id="behind a closing quote"),
    pytest.param('A="a\\\n$NOPE"\n', ["2:1 error A"], id="behind an escaped line end"),
    pytest.param("A=${1x}\nB=a$$b\n", ["1:3 error A", "2:4 warning B"], id="an error, and a warning below it"),
    pytest.param('A="x\ncanary/=y$NOPE\n', ["2:10 error"], id="no name of what may be a part of the value"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_dollar(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("dollar", env) == expected


def test_a_variable_of_the_shell_is_set(found_by: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERE", "1")
    assert found_by("dollar", "A=x${HERE}\n") == []


@pytest.mark.parametrize(
    ("env", "message", "why"),
    [
        ("A=a$$b\n", "A has a `$$`", "compose makes one $ of `$$`, and other readers of the file do not"),
        ("A=${1x}\n", "A has a `${` that begins no valid ${NAME}", "compose refuses the whole file"),
        ("A=${NOPE:?no}\n", "A needs another variable, which is not set", "compose refuses the whole file"),
        (
            "A=x$NOPE\n",
            "A has a `$` before a name that is not set",
            "compose replaces the $ and the name by an empty string",
        ),
        (
            "B=1\nA=x$B\n",
            "A has a bare `$`",
            "compose puts a variable's value there, and other readers of the file do not",
        ),
    ],
)
def test_what_a_user_reads(
    told_by: Callable[..., list[tuple[str, str, str]]], env: str, message: str, why: str
) -> None:
    fix = "if the $ is part of the value, put the value between single quotes: invoke env.set A"
    assert told_by("dollar", env) == [(message, why, fix)]


@pytest.mark.parametrize("env", ["A=${B:-${1x}}\n", "A=${B:-${C:?x}}\n"])
def test_what_compose_cannot_expand_is_told_where_nothing_else_is(
    told_by: Callable[..., list[tuple[str, str, str]]], env: str
) -> None:
    message = ".env has a `$` that compose cannot expand"
    fix = "put values with a $ between single quotes"
    assert told_by("dollar", env) == [(message, "compose refuses the whole file", fix)]
    assert message not in [each[0] for each in told_by("dollar", f"{env}Z=${{1x}}\nY=a$$b\n")]
    assert message in [each[0] for each in told_by("dollar", f"{env}Y=a$$b\n")]


@pytest.mark.parametrize(
    ("service", "env"),
    [
        ("image: a, env_file: .env, environment: {A: own}", "A=x${B}\nB=1\n"),
        ("image: 'a:${A}', env_file: [{path: .env, format: raw}]", "A=x$NOPE\n"),
    ],
    ids=["it has its own", "compose uses it, too"],
)
def test_one_that_the_service_does_not_get_from_the_file_alone(
    found_by: Callable[..., list[str]], service: str, env: str
) -> None:
    assert found_by("dollar", env, compose=f"services: {{a: {{{service}}}}}\n") == ["1:4 error A"]


@pytest.mark.parametrize(
    ("file", "env", "expected"),
    [
        pytest.param(".env", "A=x${B}\nB=1\n", [], id="compose expands it with all of the file"),
        pytest.param(".env", "A=x${NOPE}\n", ["1:4 error A"], id="which does not have it"),
        pytest.param("[{path: .env, format: raw}]", "A=x$NOPE\n", [], id="it is taken as it is written"),
    ],
)
def test_a_service_that_is_given_the_whole_file(
    found_by: Callable[..., list[str]], file: str, env: str, expected: list[str]
) -> None:
    compose = f"services: {{a: {{image: a, env_file: {file}}}}}\n"
    assert found_by("dollar", env, compose=compose) == expected
