"""What the cells came to, as a table for people and as JSON; and how they are shared out among processes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.faults import page, table
from tests.faults.table import KINDS, RUNTIMES, Cell

CELL, RESULT = "fault cell", "fault result"
"""The names under which a test records which cell it played, and what came of it."""

MODULE = "tests/faults/test_cells.py::"


def told(cell: Cell) -> dict[str, Any]:
    """A cell as the matrix tells of it."""
    return {
        "kind": cell.kind,
        "fault": cell.fault,
        "unusual": cell.unusual,
        "task": cell.task,
        "runtime": cell.runtime,
        "expected": list(cell.codes),
        "group": cell.group,
    }


class Matrix:
    """Collects the reports of cells; a plugin of pytest.

    Args:
        file: Where the JSON goes; None for nowhere.
        page: The page for readers; None for none.
        whole: Whether each cell is printed, not only the sums.
    """

    def __init__(self, file: Path | None, *, whole: bool, page: Path | None = None) -> None:
        self.file = file
        self.page = page
        self.whole = whole
        self.rows: dict[str, dict[str, Any]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A cell has been begun, played, or cleaned up after."""
        known = dict(report.user_properties)
        row = self.rows.get(report.nodeid)
        if CELL not in known and row is None:
            if not (report.nodeid.startswith(MODULE) and report.outcome != "passed"):
                return
            known[CELL] = {"fault": report.nodeid.removeprefix(MODULE)}
        row = self.rows.setdefault(report.nodeid, {"outcome": "passed", "why": ""})
        row |= {**known.get(CELL, {}), **known.get(RESULT, {})}
        if report.outcome != "passed" and row["outcome"] != "failed":
            row |= {"outcome": report.outcome, "why": _why(report)}

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table, and write the JSON."""
        if not self.rows:
            return
        rows = sorted(self.rows.values(), key=lambda each: (int(each.get("kind", "H0")[1:]), each["fault"]))
        terminalreporter.section("faults: cells that hold, of those played, by kind and runtime")
        for line in _table(rows):
            terminalreporter.write_line(line)
        for row in rows:
            if self.whole or row["outcome"] == "failed":
                terminalreporter.write_line(_line(row))
        if self.file:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps({"cells": rows, "sums": Counter(each["outcome"] for each in rows)}, indent=1)
            self.file.write_text(text + "\n", encoding="utf-8")
            terminalreporter.write_line(f"written to {self.file}")
        if self.page:
            page.write(self.page, table.load(), rows)
            terminalreporter.write_line(f"written to {self.page}")


def scheduler(config: pytest.Config, log: Any, cells: Iterable[Cell]) -> Any:
    """As `--dist=loadfile` of pytest-xdist, but the cells, which are in one file, are shared out by their groups."""
    from xdist.scheduler import LoadFileScheduling

    groups = {each.id: each.group for each in cells}

    class Grouped(LoadFileScheduling):  # type: ignore[misc,unused-ignore]
        def _split_scope(self, nodeid: str) -> str:
            known = re.search(r"\[(.*)\]$", nodeid, re.DOTALL) if nodeid.startswith(MODULE) else None
            return groups.get(known[1], MODULE) if known else str(super()._split_scope(nodeid))

    return Grouped(config, log)


def _why(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash else str(report.longrepr[-1] if isinstance(report.longrepr, tuple) else "")
    return str(text.removeprefix("AssertionError: ").split("\n", 1)[0])


def _table(rows: list[dict[str, Any]]) -> list[str]:
    lines = ["kind  " + "".join(f"{each:>12}" for each in RUNTIMES) + f"{'all':>12}"]
    for kind in [*KINDS, "all"]:
        own = [each for each in rows if kind in ("all", each.get("kind"))]
        by_runtime = [[each for each in own if each.get("runtime") == runtime] for runtime in RUNTIMES]
        lines.append(f"{kind:<6}" + "".join(f"{_sum(each):>12}" for each in [*by_runtime, own]))
    return lines


def _sum(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "·"
    return f"{sum(each['outcome'] == 'passed' for each in rows)} of {len(rows)}"


def _line(row: dict[str, Any]) -> str:
    what = "  ".join(
        str(row.get(key, "")).ljust(width) for key, width in (("kind", 4), ("fault", 44), ("task", 28), ("runtime", 7))
    )
    code = "" if row.get("code") is None else str(row["code"])
    return f"{row['outcome']:<8}{what} {code:>4}  {row['why']}".rstrip()
