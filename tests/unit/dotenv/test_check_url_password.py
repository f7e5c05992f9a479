"""A URL whose password is not URL-encoded."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    pytest.param("A=https://example.com/@x?y=a@b\nB=postgres://u:p@h/d\nC=redis://:p%40ss@h\n", [], id="none"),
    pytest.param("A=postgres://u:p.-_~!&'()*+,;=:w@h/d\n", [], id="fine signs"),
    pytest.param("A=postgres://u:p@ss@h/d\n", ["1:3 error A"], id="an at sign"),
    pytest.param("A=postgres://u:p/ss@h/d\n", ["1:3 error A"], id="a slash"),
    pytest.param("A=postgres://u:p?ss@h/d\n", ["1:3 error A"], id="a question mark"),
    pytest.param("A=postgres://u:p#ss@h/d\n", ["1:3 error A"], id="a number sign"),
    pytest.param("A=postgres://u:100%@h/d\n", ["1:3 error A"], id="a percent sign"),
    pytest.param("A='postgres://u:p ss@h/d'\n", ["1:3 error A"], id="a space"),
    pytest.param("A=postgres://u:pä@h/d\n", ["1:3 error A"], id="letters beyond ASCII"),
    pytest.param("A=http://h:8080/x@y\n", [], id="a port, and an at sign in the path"),
    pytest.param("A=http://[::1]:80/x@y\nB=http://[::1]/x@y\n", [], id="an IPv6 host"),
    pytest.param("A=u:p@ss@h\n", [], id="no URL"),
    pytest.param("A=' postgres://u:p@ss@h/d '\n", ["1:3 error A"], id="with spaces around"),
    pytest.param("A=http://h/x@y\n", [], id="no port, and an at sign in the path"),
    pytest.param("A=http://u:pass/x\n", [], id="no host at all"),
    pytest.param("A=http://u:12:p/w@h\n", ["1:3 error A"], id="a colon in a password"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_url_password(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("url-password", env) == expected


def test_what_a_user_reads(told_by: Callable[..., list[tuple[str, str, str]]]) -> None:
    assert told_by("url-password", "A=postgres://u:p@ss@h/d\n") == [
        (
            "A has a password that is not URL-encoded",
            "programs take the text behind the special character for the host or the path",
            "encode it: @ is %40, : is %3A, / is %2F, ? is %3F, # is %23, % is %25",
        )
    ]


def test_a_default_of_a_compose_file_is_not_the_users(found_by: Callable[..., list[str]]) -> None:
    compose = "services: {a: {image: a, environment: ['X=${A:-postgres://u:p@ss@h/d}']}}\n"
    assert found_by("url-password", "B=1\n", compose=compose) == []
