"""Debugging switched on in production."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    pytest.param("DEBUG=false\nAPP_DEBUG=0\nDEBUGGER=true\n", [], id="off"),
    pytest.param("DEBUG=true\n", ["1:7 error DEBUG"], id="on"),
    pytest.param(
        "APP_DEBUG=1\nFLASK_DEBUG=Yes\n", ["1:11 error APP_DEBUG", "2:13 error FLASK_DEBUG"], id="on in other words"
    ),
    pytest.param("DEBUG=\n", [], id="empty"),
    pytest.param("DEBUG=none\n", [], id="off in other words"),
    pytest.param("DEBUG=*\n", ["1:7 error DEBUG"], id="everything, as Node has it"),
    pytest.param("DEBUG=app:*\n", ["1:7 error DEBUG"], id="a part, as Node has it"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_debug(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("debug", env, strict=True) == expected


def test_development_may_debug(found_by: Callable[..., list[str]]) -> None:
    assert found_by("debug", "DEBUG=true\n") == []
