"""A variable of the shell that wins over the file."""

from __future__ import annotations

from collections.abc import Callable

import pytest

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
