"""Debugging switched on in production."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from upready.support import shell_words

CASES = [
    pytest.param("DEBUG=false\nAPP_DEBUG=0\nDEBUGGER=true\n", [], id="off"),
    pytest.param("DEBUG=true\n", ["1:7 error DEBUG"], id="on"),
    pytest.param(
        "APP_DEBUG=1\nFLASK_DEBUG=Yes\n", ["1:11 error APP_DEBUG", "2:13 error FLASK_DEBUG"], id="on in other words"
    ),
    pytest.param("DEBUG=\n", [], id="empty"),
    pytest.param("DEBUG=none\nA_DEBUG=' FALSE '\n", [], id="off in other words"),
    pytest.param("app_debug=1\n", ["1:11 error app_debug"], id="in small letters"),
    pytest.param("DEBUG=*\n", ["1:7 error DEBUG"], id="everything, as Node has it"),
    pytest.param("DEBUG=app:*\n", ["1:7 error DEBUG"], id="a part, as Node has it"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_debug(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("debug", env, strict=True) == expected


def test_development_may_debug(found_by: Callable[..., list[str]]) -> None:
    assert found_by("debug", "DEBUG=true\n") == []


def test_what_a_user_reads(told_by: Callable[..., list[tuple[str, str, str]]], monkeypatch: pytest.MonkeyPatch) -> None:
    message, why = "APP_DEBUG is on", "errors show source code, settings and secrets to every client"
    assert told_by("debug", "APP_DEBUG=1\n", strict=True) == [(message, why, "invoke env.set APP_DEBUG=false")]
    monkeypatch.setenv("APP_DEBUG", "1")
    assert told_by("debug", "APP_DEBUG=0\n", strict=True) == [
        (message, why, shell_words.assignment("APP_DEBUG", "false"))
    ]
