"""Where compose files use variables, and how."""

from __future__ import annotations

import pytest

from upready.dotenv.usages import is_builtin
from upready.envfile.references import expand, scan


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: $A\n", ["A  1:4"]),
        ("a: ${A}\n", ["A  1:4"]),
        ("a: x\nb: ${A:-d}\n", ["A:- 2:4"]),
        ("a: ${A-d}${B:?e}${C?}${D:+f}${E+}\n", ["A- 1:4", "B:? 1:10", "C? 1:17", "D:+ 1:22", "E+ 1:29"]),
        ("a: ${A:-${B:-${C}}}\n", ["A:- 1:4", "B:- 1:9", "C  1:14"]),
        ("a: ${A:-x}}y${B}\n", ["A:- 1:4", "B  1:13"]),
        ("a: $$A $${B} $\n", []),
        ("a: $$$A\n", ["A  1:6"]),
        ("# $A\na: x # ${B}\nb: x#${C}\n", ["C  3:6"]),
        ("a: ${A:-", ["A:- 1:4"]),
        ("a: ${1} ${} ${-x} $1\n", []),
    ],
)
def test_scan(text: str, found: list[str]) -> None:
    assert [f"{use.name}{use.operator or ' '} {use.line}:{use.column}" for use in scan(text)] == found


def test_an_expression_is_what_was_written() -> None:
    text = "${A:-x${B}}"
    assert next(scan(text)).expression == text


@pytest.mark.parametrize(
    ("name", "builtin"),
    [("COMPOSE_PROFILES", True), ("DOCKER_HOST", True), ("HOME", True), ("DB_HOME", False), ("COMPOSE_PROFILE", False)],
)
def test_builtin(name: str, builtin: bool) -> None:
    assert is_builtin(name) == builtin


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("a$A-${A}-$$A", "a1-1-$A"),
        ("${NO}$NO", ""),
        ("${A:-x}${EMPTY:-x}${EMPTY-x}${NO-x}${NO:-x}", "1xxx"),
        ("${NO:-${NO2:-y}}z", "yz"),
        ("${A:+p}${EMPTY:+p}${EMPTY+q}${NO+q}", "pq"),
        ("${A:?x:y}${NO:?x}", "1"),
        ("127.0.0.1:${A:-9001}:80", "127.0.0.1:1:80"),
    ],
)
def test_expand(text: str, expanded: str) -> None:
    assert expand(text, {"A": "1", "EMPTY": ""}) == expanded
