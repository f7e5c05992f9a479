"""Which modules are mutated, by which tests, and which mutants nobody could tell from the original: `table.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from upready.support import spelling
from upready.support.errors import UsageError

ROOT = Path(__file__).resolve().parent.parent.parent
FILE = Path(__file__).with_name("table.toml")
SOURCES = ROOT / "upready" / "src" / "upready"
TESTS = ROOT / "tests" / "unit"

Change = tuple[str, str]
"""A line as it was, and what became of it."""


@dataclass(frozen=True)
class Entry:
    """A module, or a folder of modules, that is judged as one.

    Attributes:
        name: As it is called, a path within `upready`.
        sources: Its files, as paths within `upready`.
        tests: The files of tests, as paths within the project.
        equivalent: Why no test can notice a change.
    """

    name: str
    sources: Sequence[str]
    tests: Sequence[str]
    equivalent: Mapping[Change, str] = field(default_factory=dict)


def read(file: Path = FILE) -> list[Entry]:
    """All modules of the table, in its order."""
    told = tomllib.loads(file.read_text(encoding="utf-8"))
    equivalent: dict[str, dict[Change, str]] = {name: {} for name in told["modules"]}
    for each in told["equivalent"]:
        equivalent[each["module"]] |= {(each["was"], becomes): each["why"] for becomes in each["becomes"]}
    return [_entry(name, tests, equivalent[name]) for name, tests in told["modules"].items()]


def chosen(entries: Sequence[Entry], names: Sequence[str]) -> list[Entry]:
    """Those with these names, in the order of the table; all where none is named.

    Raises:
        UsageError: There is none of a name.
    """
    known = [each.name for each in entries]
    for name in names:
        if name not in known:
            raise UsageError(
                f"tests/mutants/table.toml has no module {name!r}{spelling.meant(name, known)}",
                details=[f"modules: {', '.join(known)}"],
                next="invoke test --mutants",
            )
    return [each for each in entries if not names or each.name in names]


def _entry(name: str, tests: Sequence[str], equivalent: Mapping[Change, str]) -> Entry:
    path = SOURCES / name
    sources = [path] if path.is_file() else sorted(path.glob("*.py"))
    return Entry(
        name,
        [each.relative_to(SOURCES).as_posix() for each in sources],
        [each.relative_to(ROOT).as_posix() for pattern in tests for each in sorted(TESTS.glob(pattern))],
        equivalent,
    )
