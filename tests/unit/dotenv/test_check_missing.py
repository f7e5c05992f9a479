"""What is not there: the file, a required variable, or one that compose needs and gets from nowhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from upready.dotenv import check
from upready.stack.selection import Stack

pytestmark = pytest.mark.costly

SCHEMA = """\
# @required
A=
# @required=forEnv(prod)
B=
C=
"""
COMPOSE = """\
services:
  app:
    image: app
    environment:
      X: ${BLANK}
      Y: ${DEMANDED:?please}
      Z: ${DEFAULT:-x}${EMPTY_DEFAULT-}
"""

CASES = [
    pytest.param("A=1\n", [], id="all there"),
    pytest.param("B=1\n", ["0:0 error A"], id="a required one"),
    pytest.param("A\n", ["0:0 error A"], id="a name without an equals sign"),
    pytest.param("# A=1\n", ["0:0 error A"], id="only in a comment"),
    pytest.param("A=\n", [], id="empty is another check's"),
    pytest.param("B='open\nA=1\nC='x'\n", [], id="behind a quote that is not closed"),
    pytest.param(None, ["0:0 error"], id="no file"),
    pytest.param("what is this\nB=1\n", ["0:0 error A"], id="told even when compose cannot read the file"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_missing(found_by: Callable[..., list[str]], env: str | None, expected: list[str]) -> None:
    assert found_by("missing", env, schema=SCHEMA) == expected


def test_prod_requires_more(found_by: Callable[..., list[str]]) -> None:
    assert found_by("missing", "A=1\n", schema=SCHEMA, environment="prod") == ["0:0 error B"]


def test_the_shell_may_give_everything(found_by: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A", "1")
    assert found_by("missing", None, schema=SCHEMA) == []
    assert found_by("missing", "", schema=SCHEMA) == []


def test_without_decorators_a_missing_file_is_an_error_and_each_missing_variable_a_warning(
    found_by: Callable[..., list[str]],
) -> None:
    how = {"schema": "A=1\nB=\nC=\nD=\n", "compose": "services: {a: {image: '${C}${D:-x}', env_file: .env}}\n"}
    # Once: what is not set comes with the file.
    assert found_by("missing", None, **how) == ["0:0 error"]
    # D has a default.
    assert found_by("missing", "A=1\n", **how) == ["0:0 warning B", "compose.yaml:1:24 warning C"]
    assert found_by("missing", "A=\nB=\nC=\nD=\n", **how) == []


def test_without_a_schema_no_file_is_needed(found_by: Callable[..., list[str]]) -> None:
    assert found_by("missing", None) == []


def test_what_compose_refuses_to_miss_or_leaves_blank(found_by: Callable[..., list[str]]) -> None:
    assert found_by("missing", "", compose=COMPOSE) == [
        "compose.yaml:5:10 warning BLANK",
        "compose.yaml:6:10 error DEMANDED",
    ]
    assert found_by("missing", "BLANK=\nDEMANDED=1\n", compose=COMPOSE) == []


def test_it_says_who_can_give_the_value(make_stack: Callable[..., Stack]) -> None:
    schema = "# Who owns it.\n# @required\nA=x\n# @required\nB=\n# @required @generate=secret()\nC=\n"
    fixes = {each.variable: each.fix for each in check(make_stack("", schema=schema)) if each.check == "missing"}
    assert fixes == {"A": "invoke env.init", "B": "invoke env.set B", "C": "invoke env.init"}


def test_a_service_that_reads_all_of_a_missing_file(found_by: Callable[..., list[str]]) -> None:
    assert found_by("missing", None, compose="services: {a: {image: a, env_file: .env}}\n") == ["0:0 error"]
    optional = "services: {a: {image: a, env_file: [{path: .env, required: false}]}}\n"
    assert found_by("missing", None, compose=optional) == []
