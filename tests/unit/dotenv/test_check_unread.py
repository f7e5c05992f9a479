"""Compose was told to read another file, or none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from upready.dotenv import values
from upready.stack.selection import Stack
from upready.support import shell_words


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("COMPOSE_ENV_FILES", "other.env", ["0:0 warning COMPOSE_ENV_FILES"]),
        ("COMPOSE_ENV_FILES", ".env", []),
        ("COMPOSE_DISABLE_ENV_FILE", "1", ["0:0 warning COMPOSE_DISABLE_ENV_FILE"]),
        ("COMPOSE_DISABLE_ENV_FILE", "False", []),
        ("COMPOSE_DISABLE_ENV_FILE", "0", []),
    ],
)
def test_unread(
    make_stack: Callable[..., Stack],
    found_by: Callable[..., list[str]],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    expected: list[str],
) -> None:
    stack = make_stack("A=1\n")
    (stack.root / "other.env").write_text("A=2\n", encoding="utf-8")
    monkeypatch.setenv(name, value)
    assert found_by("unread", "A=1\n") == expected


def test_values_are_those_of_the_file_that_compose_reads(
    make_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = make_stack("A=1\n")
    (stack.root / "other.env").write_text("A=2\n", encoding="utf-8")
    monkeypatch.setenv("COMPOSE_ENV_FILES", "other.env")
    assert [each.text for each in values(stack) if each.name == "A"] == ["2"]


@pytest.mark.parametrize(("name", "value"), [("COMPOSE_ENV_FILES", "other.env"), ("COMPOSE_DISABLE_ENV_FILE", "1")])
def test_what_a_user_reads(
    told_by: Callable[..., list[tuple[str, str, str]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
) -> None:
    (tmp_path / "other.env").write_text("A=2\n", encoding="utf-8")
    monkeypatch.setenv(name, value)
    why = "compose does not read .env, or also reads other files"
    assert told_by("unread", "A=1\n") == [(f"{name} is set in the shell", why, shell_words.removal(name))]


def test_no_file_is_not_read_anyway(
    found_by: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other.env").write_text("A=2\n", encoding="utf-8")
    monkeypatch.setenv("COMPOSE_ENV_FILES", "other.env")
    assert found_by("unread", None) == []
