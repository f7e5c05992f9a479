"""A schema that cannot be understood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from upready.dotenv import check
from upready.stack.selection import Stack

pytestmark = pytest.mark.costly

CASES = [
    pytest.param("# @required @type=port\nA=1\n", [], id="fine"),
    pytest.param("# A port.\n# @type=port @requird\nA=1\n", [".env.example:2:14 error"], id="an unknown decorator"),
    pytest.param("# @type=prot\nA=1\n", [".env.example:1:3 error"], id="an unknown type"),
    pytest.param("# @type=port(mim=1)\nA=1\n", [".env.example:1:3 error"], id="an unknown option"),
    pytest.param("# @type=port\nA=none\n", [".env.example:2:3 error"], id="a default of another type"),
    pytest.param("# @required\n\nA=1\n", [".env.example:1:3 error"], id="a decorator that belongs to nothing"),
    pytest.param("# @type=enum(a, b\nA=a\n", [".env.example:1:13 error"], id="a parenthesis that does not close"),
    pytest.param("A=1\nwhat is this\n", [".env.example:2:1 error"], id="a line that is none"),
    pytest.param("A=1\nA=2\n", [".env.example:2:1 error"], id="a variable twice"),
    pytest.param("${B=1\n", [".env.example:1:1 error"], id="a name that compose would expand"),
    pytest.param("$=1\nA=1\n", [".env.example:1:1 error"], id="a dollar for a name"),
    pytest.param("A B=1\n", [".env.example:1:1 error"], id="a space in a name"),
    pytest.param("A$B=1\n", [".env.example:1:1 error"], id="a dollar in a name"),
    pytest.param("=x\n", [".env.example:1:1 error"], id="no name"),
    pytest.param("A=1\nPORT='1\n", [".env.example:2:6 error"], id="a quote that is not closed"),
    pytest.param('A="1" x\n', [".env.example:1:1 error"], id="text behind the closing quote"),
    pytest.param("A=1\0\n", [".env.example:1:4 error"], id="a NUL"),
]


@pytest.mark.parametrize(("schema", "expected"), CASES)
def test_schema_notation(found_by: Callable[..., list[str]], schema: str, expected: list[str]) -> None:
    assert found_by("schema", "", schema=schema) == expected


def test_a_broken_schema_hides_nothing_else(found_by: Callable[..., list[str]]) -> None:
    schema = "${B=1\n# @type=port\nPORT=80\n"
    assert found_by("type", "PORT=x\n", schema=schema) == ["1:6 error PORT"]


@pytest.mark.parametrize(
    ("decorator", "fix"),
    [
        ("forEnv(prod, dev)", None),
        ("forEnv(dev, stagin)", "write staging"),
        ("forEnv(produciton)", "invoke.yaml defines: dev, staging, prod"),
    ],
)
def test_environments_that_do_not_exist(make_stack: Callable[..., Stack], decorator: str, fix: str | None) -> None:
    stack = replace(make_stack("", schema=f"# @required={decorator}\nA=\n"), environments=("dev", "staging", "prod"))
    found = [each for each in check(stack) if each.check == "schema"]
    assert [(each.place, each.fix) for each in found] == ([(".env.example:1:3", fix)] if fix else [])


def test_several_examples_are_told(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack("A=1\n", schema="A=1\n", compose="services: {a: {image: a, environment: ['A=${A}']}}\n")
    (stack.root / "env.sample").write_text("A=1\n", "utf-8")
    found = [each for each in check(stack) if each.check == "schema"]
    assert [(each.place, each.severity, each.message) for each in found] == [
        (".env.example", "warning", ".env.example is read, env.sample beside it is not")
    ]


def test_what_a_user_reads(make_stack: Callable[..., Stack]) -> None:
    def told(schema: str) -> list[tuple[str, str, str]]:
        found = check(make_stack("A=1\n", schema=schema, compose="services: {a: {image: 'a:${A}'}}\n"))
        return [(each.message, each.why, each.fix) for each in found if each.check == "schema"]

    why = "this part of the schema is not checked"
    assert told("# @type=port\nA=x\n") == [
        ("A's default should be a port, a whole number from 1 to 65535", why, "correct .env.example")
    ]
    assert told("A=1\nA=2\n") == [("A is defined twice", why, "keep one of them")]
    root = make_stack().root
    (root / "env.sample").write_text("A=1\n", "utf-8")
    (root / ".env.template").write_text("A=1\n", "utf-8")
    [found] = told("A=1\n")
    assert found[0].startswith(".env.example is read, ")
    assert found[0].endswith(" beside it are not")
    assert " and " in found[0]
    assert found[1] == "only one file can be the schema; variables that are added to another one are not checked"
    first = found[0].removeprefix(".env.example is read, ").split(" and ")[0]
    assert found[2] == f"keep one of them, or rename a file that is no schema: {first}"


def test_an_environment_that_does_not_exist_is_named(make_stack: Callable[..., Stack]) -> None:
    stack = replace(make_stack("", schema="# @required=forEnv(stagin)\nA=\n"), environments=("dev", "staging"))
    [found] = [each for each in check(stack) if each.check == "schema"]
    assert found.message == "@required=forEnv(stagin): there is no such environment"
    # Where nobody knows the environments, none is wrong.
    assert not [each for each in check(replace(stack, environments=())) if each.check == "schema"]
