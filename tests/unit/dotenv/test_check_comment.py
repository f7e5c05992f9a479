"""An unquoted ` #`, which compose drops with all that follows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    pytest.param("A=a#b\nB='x #y'\nC=\"x #y\"\nD=#fff\n# A=1 #2\n", [], id="none"),
    pytest.param("A=pass #word\n", ["1:8 warning A"], id="in the value"),
    pytest.param("PORT=8000 # the port\n", ["1:11 warning PORT"], id="a comment"),
    pytest.param("A= # nothing\n", ["1:4 warning A"], id="instead of a value"),
    pytest.param("A='x' # fine\n", [], id="behind a closing quote"),
    pytest.param("A='x\ncanary=y #z\n", ["2:10 warning"], id="no name of what may be a part of the value"),
    pytest.param("MIIcanary=y #z\n", ["1:13 warning"], id="nor of what is named as no variable is"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_comment(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("comment", env) == expected
