"""A variable of the schema that no compose file uses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from upready.dotenv import check
from upready.stack import selection as stacks
from upready.stack import settings
from upready.stack.selection import Stack

SCHEMA = "USED=\nCOMPOSE_PROFILES=\nNOT_USED=\nUSED_ELSEWHERE=\n"
COMPOSE = "services: {app: {image: 'app:${USED}', environment: ['X=${USED_ELSEWHERE}']}}\n"

CASES = [
    pytest.param("", [".env.example:3:1 warning NOT_USED"], id="used, built in, and unused"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_unused(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("unused", env, schema=SCHEMA, compose=COMPOSE) == expected


def test_a_file_of_another_environment_counts(make_stack: Callable[..., Stack], tmp_path: Path) -> None:
    (tmp_path / "prod").mkdir()
    (tmp_path / "prod" / "compose.yaml").write_text("services: {app: {image: 'app:${ONLY_PROD}'}}\n", encoding="utf-8")
    make_stack("", schema="ONLY_PROD=\nNOWHERE=\n")
    config = {"ops": {"environments": {"dev": {"files": ["compose.yaml"]}, "prod": {"files": ["prod/compose.yaml"]}}}}
    stack = stacks.select(settings.load(config, tmp_path), "dev")
    assert [each.variable for each in check(stack) if each.check == "unused"] == ["NOWHERE"]


def test_a_service_that_is_given_the_whole_file_may_use_any(found_by: Callable[..., list[str]]) -> None:
    compose = "services: {app: {image: app, env_file: .env}}\n"
    assert found_by("unused", "A=1\n", schema="A=\nB=\n", compose=compose) == []


def test_what_a_user_reads(told_by: Callable[..., list[tuple[str, str, str]]]) -> None:
    message = "NOT_USED is used in no compose file, and no other file of the project mentions it"
    fix = "use it, or remove it from .env.example"
    assert told_by("unused", "", schema=SCHEMA, compose=COMPOSE) == [(message, "setting it has no effect", fix)]


def test_what_another_file_of_the_project_mentions_is_used(found_by: Callable[..., list[str]], tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text("import os\nprint(os.environ['NOT_USED'])\n", encoding="utf-8")
    assert found_by("unused", "", schema=SCHEMA, compose=COMPOSE) == []
