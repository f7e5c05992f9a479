"""What a finding advises: a step that changes what it is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from upready.dotenv import check
from upready.stack.selection import Stack

SCHEMA = """\
# @required @example=you
USER_NAME=me
# @required @sensitive @generate=secret()
DB_PASSWORD=
# @required @sensitive @docs(https://keys.example)
API_TOKEN=
# @type=port
PORT=
"""


def fixes(stack: Stack) -> dict[str, str]:
    return {f"{each.check} {each.variable}": each.fix for each in check(stack) if each.file == ".env"}


def test_what_is_missing(make_stack: Callable[..., Stack]) -> None:
    found = fixes(make_stack("PORT=1\n", schema=SCHEMA))
    assert found["missing USER_NAME"] == "invoke env.init"
    assert found["missing DB_PASSWORD"] == "invoke env.init"
    assert found["missing API_TOKEN"] == "see https://keys.example: invoke env.set API_TOKEN"


def test_what_is_wrong(make_stack: Callable[..., Stack]) -> None:
    found = fixes(make_stack("USER_NAME=\nDB_PASSWORD=changeme\nAPI_TOKEN=changeme\nPORT=x\n", schema=SCHEMA))
    assert found["empty USER_NAME"] == "a value looks like you: invoke env.set USER_NAME"
    assert found["placeholder DB_PASSWORD"] == "empty DB_PASSWORD in .env, then: invoke env.init"
    assert found["placeholder API_TOKEN"] == "see https://keys.example: invoke env.set API_TOKEN"
    assert found["type PORT"] == "invoke env.set PORT"


def test_what_the_shell_says_is_not_changed_in_the_file(
    make_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("USER_NAME", "")
    monkeypatch.setenv("API_TOKEN", "changeme")
    found = fixes(make_stack("PORT=1\nUSER_NAME=me\nAPI_TOKEN=q6xCjmMtnGt9LR8jGDL1\n", schema=SCHEMA))
    for name in ("type PORT", "empty USER_NAME", "placeholder API_TOKEN"):
        assert found[name] == f"unset {name.split()[1]}"


def test_what_a_profile_says_is_not_either(make_stack: Callable[..., Stack]) -> None:
    stack = replace(make_stack("PORT=1\n", schema=SCHEMA), variables={"PORT": "x"})
    assert fixes(stack)["type PORT"].startswith("change PORT in invoke.yaml")
