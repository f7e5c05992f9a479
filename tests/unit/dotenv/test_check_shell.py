"""A variable of the shell that wins over the file."""

from __future__ import annotations

from collections.abc import Callable

import pytest


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
    assert found_by("shell", env) == expected


def test_an_empty_variable_of_the_shell_wins_too(
    found_by: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A", "")
    assert found_by("shell", "A=file\n") == ["1:1 warning A"]


def test_what_a_profile_sets_is_meant(found_by: Callable[..., list[str]]) -> None:
    assert found_by("shell", "A=file\n", variables={"A": "profile"}) == []
