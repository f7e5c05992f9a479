"""A name in COMPOSE_PROFILES that no service has."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from upready.dotenv import check
from upready.stack.selection import Stack

COMPOSE = "services: {web: {image: a}, gpu: {image: a, profiles: [gpu, all, monitoring]}}\n"

CASES = [
    pytest.param("COMPOSE_PROFILES=gpu\n", [], id="known"),
    pytest.param("COMPOSE_PROFILES=gpu, all\n", [], id="with a blank"),
    pytest.param("COMPOSE_PROFILES=\n", [], id="none"),
    pytest.param("COMPOSE_PROFILES=*\n", [], id="all of them"),
    pytest.param("A=1\n", [], id="not set"),
    pytest.param("COMPOSE_PROFILES=gpu,gup\n", ["1:18 warning COMPOSE_PROFILES"], id="one unknown"),
    pytest.param("COMPOSE_PROFILES=a,b\n", ["1:18 warning COMPOSE_PROFILES"] * 2, id="two unknown"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_profile(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("profile", env, compose=COMPOSE) == expected


def test_what_was_meant_is_told(make_stack: Callable[..., Stack]) -> None:
    [found] = [
        each for each in check(make_stack("COMPOSE_PROFILES=monitorng\n", compose=COMPOSE)) if each.check == "profile"
    ]
    assert found.message.endswith("did you mean monitoring?")


@pytest.mark.parametrize(
    ("env", "compose", "fix"),
    [
        ("COMPOSE_PROFILES=xyz\n", COMPOSE, "the services have these profiles: all, gpu, monitoring"),
        ("COMPOSE_PROFILES=' ,xyz, xyz'\n", "services: {a: {image: a}}\n", "remove it: no service has a profile"),
    ],
)
def test_what_a_user_reads(
    told_by: Callable[..., list[tuple[str, str, str]]], env: str, compose: str, fix: str
) -> None:
    message = "COMPOSE_PROFILES has 'xyz', and no service has this profile"
    assert told_by("profile", env, compose=compose) == [(message, "no service starts because of it", fix)]


def test_a_default_of_a_compose_file_is_not_the_users(found_by: Callable[..., list[str]]) -> None:
    assert found_by("profile", "A=1\n", compose="services: {a: {image: 'a:${COMPOSE_PROFILES:-x}'}}\n") == []
