"""A COMPOSE_PROJECT_NAME that compose refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    pytest.param("COMPOSE_PROJECT_NAME=shop-2_b\n", [], id="a name"),
    pytest.param("COMPOSE_PROJECT_NAME=\n", [], id="empty"),
    pytest.param("COMPOSE_PROJECT_NAME=a.b\n", ["1:22 warning COMPOSE_PROJECT_NAME"], id="a full stop"),
    pytest.param("COMPOSE_PROJECT_NAME=Shop\n", ["1:22 warning COMPOSE_PROJECT_NAME"], id="a capital"),
    pytest.param("COMPOSE_PROJECT_NAME='my shop'\n", ["1:22 warning COMPOSE_PROJECT_NAME"], id="a space"),
    pytest.param("COMPOSE_PROJECT_NAME=-x\n", ["1:22 warning COMPOSE_PROJECT_NAME"], id="a sign at the start"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_project_name(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("project-name", env) == expected
