"""What a watch tells, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from upready.operations.launch import Launch
from upready.operations.watch.rules import Change, Rule, shown
from upready.stack.selection import Stack
from upready.support.errors import OpsError

if TYPE_CHECKING:
    from upready.schemas import watch


class Kind(StrEnum):
    """What an event tells."""

    WATCHING = "watching"
    """The watch has begun."""
    CHANGE = "change"
    """Files have changed, and something is done because of them."""
    READY = "ready"
    """That is done, and every service is ready."""
    UNREADY = "unready"
    """That is done, and a service is not ready."""
    FAILED = "failed"
    """It could not be done; what ran before goes on."""


@dataclass(frozen=True)
class Event:
    """One event.

    Attributes:
        kind: What it tells.
        stack: The stack that is watched.
        runtime: Where it runs.
        changes: The changes that it is about.
        rules: What is watched, when the watch begins.
        launch: How the services are, once they have been judged.
        error: Why it could not be done.
    """

    kind: Kind
    stack: Stack
    runtime: str
    changes: Sequence[Change] = ()
    rules: Sequence[Rule] = ()
    launch: Launch | None = None
    error: OpsError | None = None

    def as_dict(self) -> watch.WatchEvent:
        """The event as a JSON object."""
        root = self.stack.root
        content: watch.WatchEvent = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "event": self.kind.value,
            "project": self.stack.project,
            "environment": self.stack.environment,
            "runtime": self.runtime,
            "changes": [_change(each, root) for each in self.changes],
        }
        if self.rules:
            content["rules"] = [_rule(each, root) for each in self.rules]
        if self.launch is not None:
            ended = self.launch.as_dict()
            content["status"], content["services"] = ended["status"], ended["services"]
            content["ready_in"], content["failures"] = ended["ready_in"], ended["failures"]
        if error := self.error or (self.launch and self.launch.error):
            content["error"] = error.as_dict()
        return content


def _change(change: Change, root: Path) -> watch.WatchChange:
    return {
        "service": change.service,
        "action": change.action.value,
        "files": [shown(each, root) for each in change.files],
        "mounted": change.mounted,
    }


def _rule(rule: Rule, root: Path) -> watch.WatchRule:
    return {
        "service": rule.service,
        "action": rule.action.value,
        "path": shown(rule.path, root),
        "target": rule.target,
        "mounted": rule.mounted,
    }
