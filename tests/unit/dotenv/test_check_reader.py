"""Values that compose and python-dotenv read differently."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from upready.dotenv import change, check, values
from upready.stack.selection import Stack

CASES = [
    pytest.param("A=1\nB='x y'\nC=\"a\\nb\"\nD=${A}\nE=it's\n", [], id="alike"),
    pytest.param("A=1\nB='a\\\\b'\n", ["2:3 warning B"], id="one behind another that is alike"),
    pytest.param("A\nB=x${C:-}\nC=1\n", [], id="a name alone, and a default for what stands below"),
    pytest.param("A=${NOPE-x}\n", ["1:3 warning A"], id="a default with a colon fewer"),
    pytest.param("A=${NOPE:-${NOPE2:-deep}}\n", ["1:3 warning A"], id="a default within a default"),
    pytest.param("B=1\nA='${B}'\n", ["2:3 warning A"], id="braces in single quotes"),
    pytest.param('B=1\nA="a\\$B"\n', ["2:3 warning A"], id="an escaped dollar"),
    pytest.param("A='a\\\\b'\n", ["1:3 warning A"], id="two backslashes in single quotes"),
    pytest.param('A=a$$b\nB=x #y\nC="x"y\nD: x\nE=1\n', [], id="explained by another finding already"),
    pytest.param("=x\n", ["1:2 warning"], id="no name"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_reader(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("reader", env) == expected


def test_what_the_shell_says_is_another_check(
    found_by: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A", "shell")
    assert found_by("reader", "A=file\n") == []


def test_an_empty_variable_of_the_shell_that_a_default_replaces_is_none_of_its_business(
    found_by: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A", "")
    compose = "services: {a: {image: a, environment: ['A=${A:-x}']}}\n"
    assert found_by("reader", "A=file\n", compose=compose) == []


@pytest.mark.parametrize(
    ("env", "fix"),
    [
        ('B=1\nA="a\\$B"\n', "both read what this writes: invoke env.set A"),
        ("B=1\nA='${B}'\n", "choose a value without ${, which both read in the same way"),
        ("A='a\\\\b$c'\n", "choose a value without backslashes, which both read in the same way"),
        ("B=1\nA='${B}\0'\n", "remove the NUL from the value"),
    ],
)
def test_its_fix_is_one(make_stack: Callable[..., Stack], env: str, fix: str) -> None:
    stack = make_stack(env)
    [found] = [each for each in check(stack) if each.check == "reader"]
    assert found.fix == fix
    if fix.startswith("invoke"):
        value = next(each.text for each in values(stack) if each.name == "A")
        change.change(stack, "A", value)
        assert not [each for each in check(stack) if each.check == "reader"]


def test_what_a_user_reads(told_by: Callable[..., list[tuple[str, str, str]]]) -> None:
    end = "is read differently by compose and by python-dotenv"
    why = "an app that runs on the host gets another value than the app in a container"
    assert told_by("reader", "A='a\\\\b'\n=x\n") == [
        (f"A {end}", why, "both read what this writes: invoke env.set A"),
        (f"a line without a name {end}", why, "remove the line"),
    ]


def test_what_compose_cannot_read_is_not_compared(found_by: Callable[..., list[str]]) -> None:
    assert found_by("reader", "B=1\nA=${B}\nC='open\n") == []


def test_a_file_that_compose_does_not_read_is_not_compared(
    found_by: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other.env").write_text("A=2\n", encoding="utf-8")
    monkeypatch.setenv("COMPOSE_ENV_FILES", "other.env")
    assert found_by("reader", "A=1\n") == []


def test_what_no_service_expands_is_not_compared(found_by: Callable[..., list[str]]) -> None:
    compose = "services: {a: {image: a, env_file: [{path: .env, format: raw}]}}\n"
    assert found_by("reader", "A='a\\\\b'\n", compose=compose) == []


def test_a_profile_that_wins_hides_no_difference_of_the_file(found_by: Callable[..., list[str]]) -> None:
    assert found_by("reader", "A=file\n", variables={"A": "profile"}) == []
    assert found_by("reader", "A='a\\\\b'\n", variables={"A": "profile"}) == ["1:3 warning A"]


def test_python_dotenv_expands_what_stands_above_and_what_the_shell_has(
    found_by: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERE", "1")
    assert found_by("reader", "A=${HERE}x\nB=${A}y\n") == []


def test_one_that_the_file_does_not_have_hides_no_other(found_by: Callable[..., list[str]]) -> None:
    assert found_by("reader", "A='a\\\\b'\n", schema="X=\nA=\n") == ["1:3 warning A"]


def test_what_compose_itself_uses_is_compared_though_a_service_takes_it_as_it_is(
    found_by: Callable[..., list[str]],
) -> None:
    compose = "services: {a: {image: 'a:${A}', env_file: [{path: .env, format: raw}]}}\n"
    assert found_by("reader", "A='a\\\\b'\n", compose=compose) == ["1:3 warning A"]
