"""A variable that a compose file uses and the schema does not know."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

SCHEMA = "A=\nE=\n"
COMPOSE = """\
services:
  app:
    image: app
    environment:
      X: ${A}${B:-${D}}$E
      Y: $$G  # ${H}
      Z: ${COMPOSE_PROJECT_NAME}$HOME
    command:
      - ${F?}${B}
"""

CASES = [
    pytest.param(
        "A=1\n",
        ["compose.yaml:5:14 warning B", "compose.yaml:5:19 warning D", "compose.yaml:9:9 warning F"],
        id="used and not declared",
    ),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_undeclared(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("undeclared", env, schema=SCHEMA, compose=COMPOSE) == expected


def test_a_project_without_a_schema_has_nothing_to_declare(found_by: Callable[..., list[str]]) -> None:
    assert found_by("undeclared", "A=1\n", compose=COMPOSE) == []


def test_what_is_included_counts_too(found_by: Callable[..., list[str]], tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("services: {more: {image: 'more:${TAG}'}}\n", encoding="utf-8")
    compose = "include: [more.yaml]\nservices: {app: {image: app}}\n"
    assert found_by("undeclared", "", schema="A=\n", compose=compose) == ["compose:0:0 warning TAG"]


def test_an_included_file_may_be_named_by_a_variable(found_by: Callable[..., list[str]], tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("services: {more: {image: 'more:${TAG}'}}\n", encoding="utf-8")
    compose = "include: ['${WHICH}.yaml']\nservices: {app: {image: app}}\n"
    env, schema = "WHICH=more\nOTHER=1\n", "OTHER=\n"
    assert found_by("undeclared", env, schema=schema, compose=compose) == ["compose.yaml:1:12 warning WHICH"]
    # Without its value the file cannot be found, which is no reason to find nothing else.
    assert found_by("undeclared", "OTHER=1\n", schema=schema, compose=compose.replace("H}", "H:?x}")) == [
        "compose.yaml:1:12 warning WHICH"
    ]


def test_a_broken_file_of_values_hides_nothing(found_by: Callable[..., list[str]]) -> None:
    compose = "services: {app: {image: 'app:${TAG}'}}\n"
    assert found_by("undeclared", "A='open\n", schema="A=\n", compose=compose) == ["compose.yaml:1:30 warning TAG"]
