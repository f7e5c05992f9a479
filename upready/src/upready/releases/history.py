"""Which release is current and which one is before it, told by the record's log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from upready.releases import release_id

BEGUN, READY, DONE, FAILED, PAUSED = "begun", "ready", "done", "failed", "paused"
"""How a change ended: not yet; not yet, but all that is new was ready; it was done; it failed, and the release before
serves; it stopped halfway, as `failure_action: pause` says, and parts of both releases serve."""

OPEN = (BEGUN, READY)
"""What has not ended."""

PRUNE = "prune"
"""The task of an entry that names releases which were removed."""

FRESH = "fresh"
"""What an entry says of a change before which no release of this environment ran: there is nothing to go back to."""


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
        pruned: Whether its images and its model were removed.
        migrations: The services that ran migrations when it was released.
        fingerprints: Of services whose migrations are files: a hash of these.
        backup: The backup that was made before them: its id, and its file on the machine that made it.
    """

    release: str
    created: str
    commit: str
    by: str
    failed: bool = True
    left: bool = False
    pruned: bool = False
    migrations: tuple[str, ...] = ()
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    backup: Mapping[str, str] = field(default_factory=dict)


@dataclass
class History:
    """What was released, in order.

    Attributes:
        releases: By name, oldest first.
        current: The one that serves; empty where none was released.
        pending: The last entry of a change that was begun and never ended; empty where there is none.
        paused: The release that stopped halfway, where nothing was done since; else empty.
        unready: The release that took the place of what is no release of this environment, and was not ready: it runs
            all the same. Empty once another one serves.
        last: The number of the last entry.
    """

    releases: dict[str, Release] = field(default_factory=dict)
    current: str = ""
    pending: Mapping[str, Any] = field(default_factory=dict)
    paused: str = ""
    unready: str = ""
    last: int = 0

    @property
    def previous(self) -> str:
        """The one to go back to: the newest before the current one that has served and was not gone back from."""
        return max((each for each in self.served() if each < self.current), default="")

    def served(self) -> list[str]:
        """Those that may serve again, oldest first."""
        return [name for name, each in self.releases.items() if not (each.failed or each.left or each.pruned)]

    def kept(self, count: int) -> set[str]:
        """The releases that stay when so many that have served are kept: the current one and the one before it always.

        One that a rollback has led away from goes before the others.
        """
        away = [name for name, each in self.releases.items() if each.left and not (each.failed or each.pruned)]
        return {*[*away, *self.served()][-count:], self.current, self.previous} - {""}

    def listed(self) -> list[Release]:
        """The releases that may serve again, and those that failed since the oldest of them; oldest first."""
        told = [each for each in self.releases.values() if not each.pruned or each.failed]
        oldest = min((each.release for each in told if not each.pruned), default="")
        return [each for each in told if each.release >= oldest]

    def migrated(self, target: str) -> list[Release]:
        """The releases after one to go back to that ran migrations, oldest first.

        One that failed is among them: its migrations ran before it was given up.
        """
        return [each for name, each in self.releases.items() if each.migrations and target < name]

    def state(self, name: str) -> str:
        """`current`, `previous`, `failed` or `kept`."""
        if name == self.current:
            return "current"
        if name == self.previous:
            return "previous"
        return "failed" if self.releases[name].failed else "kept"


def read(entries: Iterable[Mapping[str, Any]]) -> History:
    """The history that the entries of a record tell; entries of an unknown form are left out."""
    history = History()
    for entry in entries:
        history.last = max(history.last, int(entry["number"]))
        name, task, result = (str(entry.get(key, "")) for key in ("release", "task", "result"))
        if task == PRUNE:
            for gone in entry.get("pruned") or ():
                if gone in history.releases:
                    history.releases[gone].pruned = True
        if not release_id.is_valid(name):
            continue
        if task == "prod" and name not in history.releases:
            created, commit, by = (str(entry.get(key, "")) for key in ("time", "commit", "by"))
            history.releases[name] = Release(name, created, commit, by)
        if task == "prod" and "migrations" in entry:
            history.releases[name].migrations = tuple(map(str, entry["migrations"]))
            history.releases[name].fingerprints = dict(entry.get("fingerprints") or {})
            history.releases[name].backup = dict(entry.get("backup") or {})
        history.pending = entry if result in OPEN else {}
        if result in (DONE, PAUSED):
            history.paused = name if result == PAUSED else ""
        history.unready = _unready(history.unready, entry)
        if result != DONE or name not in history.releases:
            continue
        if task == "rollback":
            for other in history.releases.values():
                if name < other.release <= history.current:
                    other.left = True
        history.releases[name].failed = history.releases[name].left = False
        history.current = name
    return history


def _unready(before: str, entry: Mapping[str, Any]) -> str:
    """The release that runs and was not ready, after an entry; `before` is the one before it."""
    if entry.get("task") == "prod" and entry.get("result") == FAILED and entry.get(FRESH):
        return str(entry["release"])
    return "" if entry.get("result") in (DONE, PAUSED) else before
