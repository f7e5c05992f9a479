"""A line of a secret that lost its quotes is not taken for a variable's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from upready.dotenv import check, difference, values
from upready.envfile import document
from upready.stack.selection import Stack
from upready.support.errors import EnvFileError

SCHEMA = "# @sensitive\nDB_PASS=\nPORT=80\n"


@pytest.mark.parametrize(
    ("line", "plausible"),
    [
        ("DB_PASSWORD=x", True),
        ("_A1__B=", True),
        ("mode=x", True),
        ("smtp_host=x", True),
        ("A==b", True),
        ("canary==", False),
        ("ABCD2345======", False),
        ("MIIEvQIBADANBgkqhkiG9w0BAQEFAASC=", False),
        ("0f3a9c7712e84410=", False),
        ("d41d8cd98f00b204e9800998ecf8427e=x", False),
        ("ab/cd=x", False),
        ("=x", False),
    ],
)
def test_what_looks_like_a_name(line: str, plausible: bool) -> None:
    [entry] = document.parse(line.encode(), Path(".env")).entries
    assert entry.is_plausible == plausible


@pytest.mark.parametrize(
    "env",
    [
        'DB_PASS="aaa\ncana/ry+x==$y\n',
        'DB_PASS="aaa\ncanary\ncanary=x #y\ncanary=z$NOPE\ncanary_one="\n',
        "DB_PASS=aaa\ncanarytwo==\n",
        "DB_PASS=aaa\ncanarytwo==\ncanarytwo==\n",
        "DB_PASS=aaa\nMIIcanary=a$NOPE #b\n",
        "DB_PASS='aaa\ncanary: x\n",
    ],
)
def test_no_line_of_a_secret_is_told(make_stack: Callable[..., Stack], env: str) -> None:
    stack = make_stack(env, schema=SCHEMA, strict=True)
    assert "canary" not in str([each.as_dict() for each in check(stack)])
    assert "canary" not in str(difference.compare(stack).as_dict())
    try:
        shown = [each.as_dict() for each in values(stack)]
    except EnvFileError as error:
        shown = [error.as_dict()]
    # What compose reads as a variable is one to `env.show`, but for what ends as Base64 does.
    assert "canary" not in str(shown) or "MIIcanary" in env


def test_what_compose_uses_is_named_wherever_it_stands(found_by: Callable[..., list[str]]) -> None:
    compose = "services: {a: {image: 'a:${camelToken}'}}\n"
    assert found_by("comment", "A='x\ncamelToken=y #z\n", compose=compose) == ["2:14 warning camelToken"]
