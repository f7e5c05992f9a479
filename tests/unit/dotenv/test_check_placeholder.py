"""A value that was meant to be replaced."""

from __future__ import annotations

from collections.abc import Callable

import pytest

SCHEMA = """\
# @required @sensitive @example=sk-or-v1-0123456789abcdef
KEY=
# @sensitive
OPTIONAL_TOKEN=
# @example=127.0.0.1
ADDRESS=0.0.0.0
"""

CASES = [
    pytest.param("KEY=sk-or-v1-8d7f6a5b4c3d2e1f\n", [], id="a real key"),
    pytest.param("KEY=sk-or-v1-0123456789abcdef\n", ["1:5 error KEY"], id="the schema's example"),
    pytest.param("KEY=changeme\n", ["1:5 error KEY"], id="changeme"),
    pytest.param("KEY=CHANGEME123\n", ["1:5 error KEY"], id="changeme and digits"),
    pytest.param("KEY=change_me_please\n", ["1:5 error KEY"], id="change_me_please"),
    pytest.param("KEY='<your key>'\n", ["1:5 error KEY"], id="angle brackets"),
    pytest.param("KEY=your-api-key-here\n", ["1:5 error KEY"], id="your key here"),
    pytest.param("KEY=sk-or-your-key\n", ["1:5 error KEY"], id="your key"),
    pytest.param("KEY=xxxxxxxx\n", ["1:5 error KEY"], id="crosses"),
    pytest.param("KEY=TODO\n", ["1:5 error KEY"], id="todo"),
    pytest.param(
        "KEY=k-123456\nOPTIONAL_TOKEN=changeme\n", ["2:16 warning OPTIONAL_TOKEN"], id="a warning where it is optional"
    ),
    pytest.param("KEY=k-123456\nADDRESS=127.0.0.1\n", [], id="an example that is a fine value"),
    pytest.param("KEY=k-123456\nADDRESS=here\n", [], id="a word in no secret"),
    pytest.param("KEY=\n", [], id="empty"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_placeholder(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("placeholder", env, schema=SCHEMA) == expected


def test_strict_makes_every_placeholder_an_error(found_by: Callable[..., list[str]]) -> None:
    assert found_by("placeholder", "OPTIONAL_TOKEN=changeme\n", schema=SCHEMA, strict=True) == [
        "1:16 error OPTIONAL_TOKEN"
    ]


def test_a_placeholder_left_as_a_schema_without_decorators_has_it(found_by: Callable[..., list[str]]) -> None:
    env = "MAIL_FROM=your-name\nOTHER=changed\n"
    assert found_by("placeholder", env, schema="MAIL_FROM=your-name\nOTHER=change-me\n") == ["1:11 warning MAIL_FROM"]
