"""One secret for two purposes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    pytest.param("A_TOKEN=abcdef\nB_TOKEN=ghijkl\n", [], id="two secrets"),
    pytest.param("A_TOKEN=abcdef\nB_TOKEN='abcdef'\n", ["2:9 warning B_TOKEN"], id="one for both"),
    pytest.param("A_TOKEN=\nB_TOKEN=\n", [], id="both empty"),
    pytest.param("A=abcdef\nB=abcdef\n", [], id="what is no secret"),
    pytest.param("MINE=abcdef\nA_TOKEN=abcdef\n", ["2:9 warning A_TOKEN"], id="as declared"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_reused_secret(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("reused-secret", env, schema="# @sensitive\nMINE=\nA_TOKEN=\nB_TOKEN=\nA=\nB=\n") == expected
