"""The failures of a run: each is shown once, and each is written down at once, for a run that may be cut off."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_UNLIKE = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8,}|\d+")
"""What differs in a message that is the same: addresses, hashes, numbers of ports and processes."""


class Failures:
    """A plugin of pytest, for the process that reports.

    Args:
        file: Gets a line for each failed test at once, so that it is whole when the run is killed; None for no file.
    """

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self.first: dict[tuple[str, int, str], str] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write the failure down, and leave of its text one line where an earlier test's is the same."""
        if report.failed:
            self._failed(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """The same for a file that cannot be read."""
        if report.failed:
            self._failed(report)

    def _failed(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if self.file:
            with self.file.open("a", encoding="utf-8") as lines:
                lines.write(f"{report.nodeid}: {reason(report)}\n")
        crash = getattr(report.longrepr, "reprcrash", None)
        if report.when != "setup" or crash is None:
            return
        key = (crash.path, crash.lineno, _UNLIKE.sub("", crash.message.split("\n", 1)[0]))
        first = self.first.setdefault(key, report.nodeid)
        if first != report.nodeid:
            report.longrepr = f"as in {first}: {reason(report)}"


def reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why it failed, in one line."""
    crash = getattr(report.longrepr, "reprcrash", None)
    lines = (crash.message if crash else str(report.longrepr or "")).strip().splitlines()
    # What cannot be imported tells at its end, the rest at its beginning.
    text = lines[0 if crash else -1] if lines else "no reason"
    return text.removeprefix("AssertionError: ").removeprefix("E   ").strip()
