"""The checks as a whole: each is listed and documented, and what they find comes in order."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable

import pytest

from upready.dotenv import check, checks
from upready.stack.selection import Stack

from .conftest import ROOT

MODULES = [importlib.import_module(f"{checks.__name__}.{each.name}") for each in pkgutil.iter_modules(checks.__path__)]


def test_every_check_is_run() -> None:
    assert {module.check for module in MODULES} == set(checks.ALL)


def test_every_check_is_documented_and_has_cases() -> None:
    page = (ROOT / "docs" / "env.md").read_text("utf-8")
    for module in MODULES:
        assert f"`{module.NAME}`" in page, module.NAME
        name = module.__name__.rpartition(".")[2]
        cases = "git" if name in ("tracked", "ignored") else name
        assert (ROOT / "tests" / "unit" / "dotenv" / f"test_check_{cases}.py").is_file()


def test_findings_come_by_file_and_line(make_stack: Callable[..., Stack]) -> None:
    schema = "# @type=port\nA=\n# @requird\nB=\n"
    found = check(make_stack("X=1\nA=none\nA=none # really\n", schema=schema, compose="services: {a: {image: '$C'}}\n"))
    places = [(each.file, each.line, each.column) for each in found]
    assert found[0].place.startswith(".env")
    assert places == sorted(places, key=lambda place: (place[0] != ".env", *place))
    assert {place[0] for place in places} == {".env", ".env.example", "compose.yaml"}


@pytest.mark.parametrize("strict", [False, True])
def test_a_strict_environment_has_stricter_rules(make_stack: Callable[..., Stack], strict: bool) -> None:
    stack = make_stack("DEBUG=true\n", strict=strict)
    assert bool([each for each in check(stack) if each.check == "debug"]) is strict
