"""The exit codes are a contract: one meaning each, one class each."""

from __future__ import annotations

from upready.support import errors
from upready.support.errors import OpsError

CODES = {
    "usage": 2,
    "env": 3,
    "engine": 4,
    "build": 5,
    "start": 6,
    "unhealthy": 7,
    "rolled-back": 8,
    "locked": 9,
    "data": 10,
    "refused": 126,
    "missing": 127,
    "interrupted": 130,
}


def test_each_code_has_one_class() -> None:
    classes = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, OpsError)]
    found = {each.kind: each.code for each in classes if each is not OpsError}
    assert found == CODES
    assert len(classes) == len(CODES) + 1


def test_the_documentation_tells_the_same_codes() -> None:
    from tests.conftest import ROOT

    text = (ROOT / "docs" / "tasks.md").read_text("utf-8")
    for code in CODES.values():
        assert f"\n| {code} | " in text


def test_an_error_as_json() -> None:
    error = errors.StartError("port 1 is taken", details=("by x",), next="stop x")
    assert error.as_dict() == {
        "code": 6,
        "kind": "start",
        "message": "port 1 is taken",
        "details": ["by x"],
        "next": "stop x",
    }
    assert str(error) == "port 1 is taken"
