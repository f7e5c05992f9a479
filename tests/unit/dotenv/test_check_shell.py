"""A variable of the shell that wins over the file."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from upready.support import shell_words

USED = "services: {app: {image: 'app:${A}'}}\n"
PASSED = "services: {app: {image: app, environment: [A]}}\n"
WHOLE = "services: {app: {image: app, env_file: .env}}\n"
BOTH = "services: {app: {image: 'app:${A}', env_file: .env}}\n"
UNUSED = "services: {app: {image: app}}\n"


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        pytest.param("A=file\n", ["1:1 warning A"], id="something else"),
        pytest.param("A=shell\n", [], id="the same"),
        pytest.param("B=1\n", [], id="not in the file"),
        pytest.param("A=\n", ["1:1 warning A"], id="the file leaves it empty"),
    ],
)
def test_shell(
    found_by: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, env: str, expected: list[str]
) -> None:
    monkeypatch.setenv("A", "shell")
    assert found_by("shell", env, compose=USED) == expected


@pytest.mark.parametrize(("compose", "told"), [(PASSED, 1), (BOTH, 1), (WHOLE, 0), (UNUSED, 0)])
def test_it_matters_only_where_compose_itself_takes_it(
    found_by: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, compose: str, told: int
) -> None:
    monkeypatch.setenv("A", "shell")
    assert len(found_by("shell", "A=file\n", compose=compose)) == told


def test_what_steers_compose_itself_matters(
    found_by: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSE_PROFILES", "shell")
    assert found_by("shell", "COMPOSE_PROFILES=file\n") == ["1:1 warning COMPOSE_PROFILES"]


def test_an_empty_variable_of_the_shell_wins_too(
    found_by: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A", "")
    assert found_by("shell", "A=file\n", compose=USED) == ["1:1 warning A"]


def test_what_a_profile_sets_is_meant(found_by: Callable[..., list[str]]) -> None:
    assert found_by("shell", "A=file\n", compose=USED, variables={"A": "profile"}) == []


@pytest.mark.parametrize(
    ("services", "rest"),
    [
        ("a: {image: 'a:${A}'}", ""),
        ("a: {image: 'a:${A}', env_file: .env}", ", except for a, which gets it by env_file"),
        ("a: {image: 'a:${A}', env_file: .env, environment: {A: own}}", ""),
        (
            "b: {image: 'a:${A}', env_file: .env}, a: {image: a, env_file: .env}",
            ", except for a and b, which get it by env_file",
        ),
    ],
)
def test_what_a_user_reads(
    told_by: Callable[..., list[tuple[str, str, str]]], monkeypatch: pytest.MonkeyPatch, services: str, rest: str
) -> None:
    monkeypatch.setenv("A", "shell")
    assert told_by("shell", "A=file\n", compose=f"services: {{{services}}}\n") == [
        (
            "A is set in the shell to another value",
            f"compose takes the shell's value; the value in .env has no effect{rest}",
            f"{shell_words.removal('A')}\nremove A from .env, if the shell is right",
        )
    ]


def test_one_of_which_nothing_is_said_hides_no_other(
    found_by: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("SAME", "file"), ("UNUSED", "shell"), ("Z", "shell")):
        monkeypatch.setenv(name, text)
    env = "NOT_THERE=file\nSAME=file\nUNUSED=file\nZ=file\n"
    compose = "services: {app: {image: 'app:${SAME}${Z}${NOT_THERE}'}}\n"
    assert found_by("shell", env, compose=compose) == ["4:1 warning Z"]
