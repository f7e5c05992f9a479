"""Which release is current and which one is before it, told by the record's log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from upready.releases import release_id

BEGUN, DONE, FAILED = "begun", "done", "failed"
"""What came of a change: nothing yet, it was done, or it was not and what was there before serves."""


@dataclass
class Release:
    """One release.

    Attributes:
        release: Its name.
        created: When it was begun: ISO 8601, UTC.
        commit: The commit; empty without git.
        by: Who made it, and where: `user@host`.
        failed: Whether it never became current.
        left: Whether a rollback has led away from it.
    """

    release: str
    created: str
    commit: str
    by: str
    failed: bool = True
    left: bool = False


@dataclass
class History:
    """What was released, in order.

    Attributes:
        releases: By name, oldest first.
        current: The one that serves; empty where none was released.
        pending: The entry of a change that was begun and never ended; empty where there is none.
        last: The number of the last entry.
    """

    releases: dict[str, Release] = field(default_factory=dict)
    current: str = ""
    pending: Mapping[str, Any] = field(default_factory=dict)
    last: int = 0

    @property
    def previous(self) -> str:
        """The one to go back to: the newest before the current one that has served and was not gone back from."""
        return max((each for each in self.served() if each < self.current), default="")

    def served(self) -> list[str]:
        """Those that may serve again, oldest first."""
        return [name for name, each in self.releases.items() if not each.failed and not each.left]

    def state(self, name: str) -> str:
        """`current`, `previous`, `failed` or `kept`."""
        if name == self.current:
            return "current"
        if name == self.previous:
            return "previous"
        return "failed" if self.releases[name].failed else "kept"


def read(entries: Iterable[Mapping[str, Any]]) -> History:
    """The history that the entries of a record tell; those that it does not understand are passed over."""
    history = History()
    for entry in entries:
        history.last = max(history.last, int(entry["number"]))
        name, task, result = (str(entry.get(key, "")) for key in ("release", "task", "result"))
        if not release_id.is_valid(name):
            continue
        if task == "prod" and name not in history.releases:
            created, commit, by = (str(entry.get(key, "")) for key in ("time", "commit", "by"))
            history.releases[name] = Release(name, created, commit, by)
        history.pending = entry if result == BEGUN else {}
        if result != DONE or name not in history.releases:
            continue
        if task == "rollback":
            for other in history.releases.values():
                if name < other.release <= history.current:
                    other.left = True
        history.releases[name].failed = history.releases[name].left = False
        history.current = name
    return history
