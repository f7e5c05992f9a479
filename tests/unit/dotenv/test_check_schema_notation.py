"""A schema that cannot be understood."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    pytest.param("# @required @type=port\nA=1\n", [], id="fine"),
    pytest.param("# A port.\n# @type=port @requird\nA=1\n", [".env.example:2:14 error"], id="an unknown decorator"),
    pytest.param("# @type=prot\nA=1\n", [".env.example:1:3 error"], id="an unknown type"),
    pytest.param("# @type=port(mim=1)\nA=1\n", [".env.example:1:3 error"], id="an unknown option"),
    pytest.param("# @type=port\nA=none\n", [".env.example:2:3 error"], id="a default of another type"),
    pytest.param("# @required\n\nA=1\n", [".env.example:1:3 error"], id="a decorator that belongs to nothing"),
    pytest.param("# @type=enum(a, b\nA=a\n", [".env.example:1:13 error"], id="a parenthesis that does not close"),
    pytest.param("A=1\nwhat is this\n", [".env.example:2:1 error"], id="a line that is none"),
    pytest.param("A=1\nA=2\n", [".env.example:2:1 error"], id="a variable twice"),
]


@pytest.mark.parametrize(("schema", "expected"), CASES)
def test_schema_notation(found_by: Callable[..., list[str]], schema: str, expected: list[str]) -> None:
    assert found_by("schema", "", schema=schema) == expected
