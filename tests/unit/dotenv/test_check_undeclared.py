"""A variable that a compose file needs and the schema does not know."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.costly

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
    pytest.param("A=1\n", [], id="set nowhere, which is another check's"),
    pytest.param("B=\nF=1\n", ["compose.yaml:9:9 warning F", "compose.yaml:9:14 warning B"], id="set, not declared"),
    pytest.param("D=1\nF=1\n", ["compose.yaml:5:19 warning D", "compose.yaml:9:9 warning F"], id="within a default"),
    pytest.param("B=1\nD=1\n", ["compose.yaml:9:14 warning B"], id="within a default that is not needed"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_undeclared(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("undeclared", env, schema=SCHEMA, compose=COMPOSE) == expected


def test_a_project_without_a_schema_has_nothing_to_declare(found_by: Callable[..., list[str]]) -> None:
    assert found_by("undeclared", "A=1\n", compose=COMPOSE) == []


def test_what_is_included_counts_too(found_by: Callable[..., list[str]], tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("services: {more: {image: 'more:${TAG}'}}\n", encoding="utf-8")
    compose = "include: [more.yaml]\nservices: {app: {image: app}}\n"
    assert found_by("undeclared", "TAG=1\n", schema="A=\n", compose=compose) == ["compose:0:0 warning TAG"]


def test_an_included_file_may_be_named_by_a_variable(found_by: Callable[..., list[str]], tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("services: {more: {image: 'more:${TAG}'}}\n", encoding="utf-8")
    compose = "include: ['${WHICH}.yaml']\nservices: {app: {image: app}}\n"
    env, schema = "WHICH=more\nOTHER=1\n", "OTHER=\n"
    assert found_by("undeclared", env, schema=schema, compose=compose) == [
        "compose.yaml:1:12 warning WHICH",
    ]
    # Without its value the file cannot be found, which is no reason to find nothing else.
    assert found_by("missing", "\n", schema=schema, compose=compose.replace("H}", "H:?x}")) == [
        "compose.yaml:1:12 error WHICH"
    ]


def test_a_broken_file_of_values_hides_nothing(found_by: Callable[..., list[str]]) -> None:
    compose = "services: {app: {image: 'app:${TAG}'}}\n"
    env = "TAG=1\nA='open\n"
    assert found_by("undeclared", env, schema="A=\n", compose=compose) == ["compose.yaml:1:30 warning TAG"]


@pytest.mark.parametrize(
    ("use", "schema"),
    [
        pytest.param("${B:-x}", "A=\n", id="has a default"),
        pytest.param("${B:+x}", "A=\n", id="is for those who want it"),
        pytest.param("${B}", "A=\n# B=1\n", id="is described, commented out"),
        pytest.param("${B}", "A=\n#export B=1\n", id="the same with export"),
    ],
)
def test_what_nobody_has_to_know(found_by: Callable[..., list[str]], use: str, schema: str) -> None:
    compose = f"services: {{app: {{image: 'app:{use}'}}}}\n"
    assert found_by("undeclared", "B=1\n", schema=schema, compose=compose) == []


@pytest.mark.parametrize("key", ["environment: [B]", "environment: {B: }", "build: {context: ., args: [B]}"])
def test_what_is_passed_on_is_needed_too(found_by: Callable[..., list[str]], key: str) -> None:
    compose = f"services:\n  app:\n    image: app\n    {key}\n"
    [found] = found_by("undeclared", "", schema="A=\n", compose=compose)
    assert found.startswith("compose.yaml:4:")
    assert found.endswith(" warning B")


def test_what_a_user_reads(told_by: Callable[..., list[tuple[str, str, str]]]) -> None:
    compose = "services: {app: {image: 'app:${B}'}}\n"
    assert told_by("undeclared", "B=1\n", schema="A=\n", compose=compose) == [
        (
            "B is used and not in .env.example",
            "nobody learns that it must be set, and nobody notices a typing error in its name",
            "describe it in .env.example",
        )
    ]


def test_what_is_used_twice_is_told_once(found_by: Callable[..., list[str]]) -> None:
    compose = "services: {app: {image: 'app:${B}${B}'}}\n"
    assert found_by("undeclared", "B=1\n", schema="A=\n", compose=compose) == ["compose.yaml:1:30 warning B"]
