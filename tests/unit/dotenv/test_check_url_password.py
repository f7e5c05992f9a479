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
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_url_password(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("url-password", env) == expected
