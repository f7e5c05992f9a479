"""What `invoke watch` and `invoke dev --watch` share: the watch itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from upready.stack.settings import Settings


def watch(settings: Settings, services: Sequence[str], timeout: float | None, *, as_json: bool) -> int:
    """Watch until Ctrl-C, and show what happens; returns the exit code."""
    from upready.operations.watch import watch, watched
    from upready.report import launch as launch_report
    from upready.report import warn
    from upready.report import watch as report

    shown = launch_report.Show(as_json=as_json)
    return report.follow(
        lambda: watch.Watching(watched.find(settings, services, timeout, warn), shown), shown, as_json=as_json
    )
