"""A `$` that compose expands or stumbles over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    pytest.param("A=1\nB=cost5$\nC=$5\nD=a$-b\nE=$(x)\n", [], id="none"),
    pytest.param("A='pa$$w$rd${X}'\n", [], id="single quotes"),
    pytest.param('A="pa\\$word"\n', [], id="escaped in double quotes"),
    pytest.param("A=pa$word\n", ["1:5 error A"], id="before a name that is not set"),
    pytest.param("A=$2y$10$abcdefgh\n", ["1:9 error A"], id="a bcrypt hash"),
    pytest.param('A="x $NOPE"\n', ["1:6 error A"], id="in double quotes"),
    pytest.param("A=a\\$NOPE\n", ["1:5 error A"], id="a backslash does not help outside quotes"),
    pytest.param("A=a$$b\n", ["1:4 warning A"], id="two dollars"),
    pytest.param('A="a$$b"\n', ["1:5 warning A"], id="two dollars in double quotes"),
    pytest.param("B=1\nA=x$B\n", ["2:4 warning A"], id="a bare name that is set"),
    pytest.param("B=1\nA=x${B}\n", [], id="in braces, set above"),
    pytest.param("A=x${B}\nB=1\n", ["1:4 error A"], id="in braces, set below only"),
    pytest.param("A=${NOPE}\n", ["1:3 error A"], id="in braces, not set"),
    pytest.param("A=${NOPE:-x}${NOPE-y}${NOPE:+z}\n", [], id="with a default"),
    pytest.param("A=${NOPE:?no}\n", ["1:3 error A"], id="with a demand"),
    pytest.param("A=a$$b$NOPE\n", ["1:7 error A"], id="the worst of several"),
    pytest.param("A=${1x}\nB=1\n", ["1:3 error A"], id="no name in the braces"),
    pytest.param("A=${B\n", ["1:3 error A"], id="braces that do not close"),
    pytest.param("A=1 # $NOPE\n", [], id="in a comment"),
    pytest.param('A="x\ncanary/=y$NOPE\n', ["2:10 error"], id="no name of what may be a part of the value"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_dollar(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("dollar", env) == expected


def test_a_variable_of_the_shell_is_set(found_by: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERE", "1")
    assert found_by("dollar", "A=x${HERE}\n") == []
