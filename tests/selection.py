"""Which tests a quick run plays, and how long a run will take: as long as the last one of its kind."""

from __future__ import annotations

import hashlib
import math
import time
from collections import defaultdict
from collections.abc import Iterable

import pytest

from tests.runner import COSTLIEST

ONE, FEW = 1, 2
"""So many tests of a group a quick run plays: cases of a function that needs an engine, and cells of one kind of
fault; tests of a file that start programs, a whole stack, servers or a browser."""

ENGINE = "tests/engine/"
"""Where each test needs an engine. Elsewhere those that start programs carry the marker `costly`."""

USUAL = {"not engine": 3, "": 10}
"""Minutes that a quick run takes on two processors, by what `-m` selects; measured, see CONTRIBUTING.md."""

USUAL_WHOLE = {"not engine": 10, "": 35}
"""The same for a whole run."""


def quick(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """What a quick run plays of these: none that is slow, and of many that are costly the same few each time."""
    groups: dict[tuple[str, int], list[pytest.Item]] = defaultdict(list)
    played = []
    for item in items:
        if item.get_closest_marker("slow"):
            continue
        if group := _group(item):
            groups[group].append(item)
        else:
            played.append(item)
    functions: dict[str, list[pytest.Item]] = defaultdict(list)
    for (name, number), cases in groups.items():
        chosen = _chosen(cases)[:number]
        if name.startswith(ENGINE):
            functions[_file(chosen[0])] += chosen
        else:
            played += chosen
    for first, *_ in functions.values():  # what a file is about stands first in it
        played.append(first)
    kept = set(played)
    return [item for item in items if item in kept]


def nightly(items: Iterable[pytest.Item]) -> set[pytest.Item]:
    """Which of these only a night plays: a test that is marked so, or of one with `day=2` all cases but two."""
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    found = set()
    for item in items:
        marks = list(item.iter_markers("nightly"))
        if any("day" not in mark.kwargs for mark in marks):
            found.add(item)
        elif marks:
            cases[item.nodeid.partition("[")[0]].append(item)
    for each in cases.values():
        mark = each[0].get_closest_marker("nightly")
        assert mark is not None
        found.update(_chosen(each)[mark.kwargs["day"] :])
    return found


def _chosen(cases: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The cases in an order that looks like chance and is ever the same, so that the first come from all over them."""
    return sorted(cases, key=lambda each: hashlib.sha256(each.nodeid.encode()).digest())


def _group(item: pytest.Item) -> tuple[str, int] | None:
    """The group of tests that an item is one of, and how many of the group are enough; None where all are played."""
    callspec = getattr(item, "callspec", None)
    if cell := callspec.params.get("cell") if callspec else None:
        return cell.kind, ONE
    if item.nodeid.startswith(ENGINE):
        return item.nodeid.partition("[")[0], ONE
    file = _file(item)
    return (file, FEW) if item.nodeid.startswith(COSTLIEST) or item.get_closest_marker("costly") else None


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


class Duration:
    """A plugin of pytest, for the process that reports: tells at the start how long it will take.

    Args:
        config: Of the run; what a run of this kind took is remembered in its cache.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.cache = getattr(config, "cache", None)  # `-p no:cacheprovider` takes it away
        self.mark = str(config.option.markexpr)
        self.quick = bool(config.getoption("--quick"))
        # What names its tests takes as long as they do.
        self.known = not config.option.keyword and config.args_source is not pytest.Config.ArgsSource.ARGS
        processes = getattr(config.option, "numprocesses", None) or 1
        self.kind = f"durations/{'quick' if self.quick else 'whole'} {self.mark or 'all'} {processes}"
        self.began = time.monotonic()

    def pytest_report_header(self) -> str | None:
        """The line at the start."""
        if not self.known:
            return None
        if self.cache and (seconds := self.cache.get(self.kind, None)):
            return f"this will take about {_told(seconds)}, as the last run like this did"
        if minutes := (USUAL if self.quick else USUAL_WHOLE).get(self.mark):
            return f"this will take about {minutes} min on two processors that have nothing else to do"
        return None

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Remember how long a run took that was not cut off."""
        if self.known and self.cache and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            self.cache.set(self.kind, math.ceil(time.monotonic() - self.began))


def _told(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
