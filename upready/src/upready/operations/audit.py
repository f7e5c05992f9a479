"""`invoke audit`: who changed what of a project."""

from __future__ import annotations

from typing import Any

from upready.releases.history import OPEN
from upready.releases.record import Record
from upready.runtime import current
from upready.runtime.docker import containers
from upready.stack.settings import Settings


def audit(settings: Settings) -> list[dict[str, Any]]:
    """Each change: who, when, what, what came of it, and how long it took; the oldest first.

    Raises:
        EngineError: The engine does not answer.
    """
    entries = Record(containers.connect(), current.name(settings)).entries()
    # The last entry of a change takes the place of those before: that of its end, where it has ended.
    following = [*entries[1:], {}]
    return [each for each, after in zip(entries, following, strict=False) if not _goes_on(each, after)]


def _goes_on(entry: dict[str, Any], after: dict[str, Any]) -> bool:
    same = (entry.get("task"), entry.get("release")) == (after.get("task"), after.get("release"))
    return entry.get("result") in OPEN and same
