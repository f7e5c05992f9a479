"""A port that is used twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

SCHEMA = """\
# @type=port
A_PORT=8000
# @type=port
B_PORT=8001
# @type=port
C_PORT=8002
# @type=number
WORKERS=4
"""
COMPOSE = """\
services:
  a: {image: a, ports: ["127.0.0.1:${A_PORT:-9001}:80"]}
  b: {image: b, ports: [{published: "${B_PORT:-8001}", target: 80}]}
"""

CASES = [
    pytest.param("A_PORT=8000\nB_PORT=8001\nC_PORT=8002\n", [], id="different"),
    pytest.param("A_PORT=8000\nB_PORT=8000\nC_PORT=1\n", ["2:8 error B_PORT"], id="both published"),
    pytest.param("A_PORT=8000\nC_PORT=8000\nB_PORT=1\n", ["2:8 warning C_PORT"], id="one of them published"),
    pytest.param(
        "A_PORT=8000\nB_PORT=8000\nC_PORT=8000\n", ["2:8 error B_PORT", "3:8 warning C_PORT"], id="three of them"
    ),
    pytest.param("B_PORT=9001\n", ["1:8 error B_PORT"], id="with a default of a compose file"),
    pytest.param("A_PORT=8000\nWORKERS=8000\n", [], id="a number that is no port"),
    pytest.param("A_PORT=8000\nB_PORT=08000\n", ["2:8 error B_PORT"], id="leading zeros"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_port_conflict(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("port-conflict", env, schema=SCHEMA, compose=COMPOSE) == expected
