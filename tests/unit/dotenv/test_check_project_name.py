"""A COMPOSE_PROJECT_NAME that compose refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    pytest.param("COMPOSE_PROJECT_NAME=shop-2_b\n", [], id="a name"),
    pytest.param("COMPOSE_PROJECT_NAME=\nX=1\n", [], id="empty"),
    pytest.param("COMPOSE_PROJECT_NAME='  '\n", [], id="blank"),
    pytest.param("X=1\n", [], id="none"),
    pytest.param("COMPOSE_PROJECT_NAME=a.b\n", ["1:22 error COMPOSE_PROJECT_NAME"], id="a full stop"),
    pytest.param("COMPOSE_PROJECT_NAME=Shop\n", ["1:22 error COMPOSE_PROJECT_NAME"], id="a capital"),
    pytest.param("COMPOSE_PROJECT_NAME='my shop'\n", ["1:22 error COMPOSE_PROJECT_NAME"], id="a space"),
    pytest.param("COMPOSE_PROJECT_NAME=-x\n", ["1:22 error COMPOSE_PROJECT_NAME"], id="a sign at the start"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_project_name(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("project-name", env) == expected


NO_NAME = "COMPOSE_PROJECT_NAME is not a valid project name"
WHY = "compose refuses it: it takes lower-case letters, digits, - and _, with a letter or digit first"


@pytest.mark.parametrize(
    ("name", "to"), [("_My Shop_", "=my-shop"), ("A.B", "=a-b"), ("-x_y-", "=x_y"), ("---", ""), ("é", "")]
)
def test_what_a_user_reads(told_by: Callable[..., list[tuple[str, str, str]]], name: str, to: str) -> None:
    step = f"invoke env.set COMPOSE_PROJECT_NAME{to}"
    assert told_by("project-name", f"COMPOSE_PROJECT_NAME='{name}'\n") == [(NO_NAME, WHY, step)]
