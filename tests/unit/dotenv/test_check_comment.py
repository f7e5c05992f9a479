"""An unquoted ` #`, which compose drops with all that follows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    pytest.param("A=a#b\nB='x #y'\nC=\"x #y\"\nD=#fff\n# A=1 #2\n", [], id="none"),
    pytest.param("A_TOKEN=pass #word\n", ["1:14 warning A_TOKEN"], id="within a secret"),
    pytest.param("A_TOKEN=pass # of the API\n", [], id="a comment behind a secret"),
    pytest.param("PORT=8000 # the port\nB=x #y\nC=5434      # host port; avoids conflicts\n", [], id="a comment"),
    pytest.param("A=\t# nothing\n", ["1:4 warning A"], id="instead of a value, behind a tab"),
    pytest.param("A= # nothing\n", ["1:4 warning A"], id="instead of a value"),
    pytest.param("A='x' # fine\n", [], id="behind a closing quote"),
    pytest.param("A='x\ncanary_token=y #z\n", ["2:16 warning"], id="no name of what may be a part of the value"),
    pytest.param("MIIcanary_Token=y #z\n", ["1:19 warning"], id="nor of what is named as no variable is"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_comment(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("comment", env) == expected
