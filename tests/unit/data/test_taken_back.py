"""A restore of several services of which a later one cannot be swapped: nothing that was written meanwhile is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from upready.operations import restore
from upready.support.errors import DataError


class Change:
    """Data that are swapped, or cannot be."""

    def __init__(self, done: list[str], service: str, *, fails: bool = False) -> None:
        self.service, self.fails, self.done = service, fails, done
        self.undone: dict[str, str] = {}
        self.part, self.reader = Mock(items=[]), Mock()

    def stage(self, tell: Any) -> None:
        del tell

    def swap(self) -> None:
        if self.fails:
            raise DataError("no", next="invoke doctor")

    def undo(self) -> None:
        self.done.append(f"undo {self.service}")
        self.undone = {"shop": "shop__new"}

    def discard(self) -> None:
        self.done.append(f"discard {self.service}")


def test_what_served_for_a_moment_is_kept_before_it_is_removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done: list[str] = []
    named: list[Any] = []

    def into(_1: Any, _2: Any, wanted: Any, _3: Any, _4: Any, reason: str, aside: Any = None) -> Any:
        done.append("backup " + ", ".join(each.service for each in wanted))
        named.append((reason, aside))
        return Mock(path=tmp_path / "kept.tar")

    monkeypatch.setattr(restore.making, "into", into)
    sources: list[Any] = [Mock(service="db"), Mock(service="files")]
    changes: list[Any] = [Change(done, "db"), Change(done, "files", fails=True)]
    wanted, show = Mock(id="20261129T000000", path=tmp_path / "b.tar"), Mock()
    chosen = [(each, Mock()) for each in sources]
    with pytest.raises(DataError):
        restore._replace(Mock(), Mock(), wanted, chosen, changes, show, Mock())
    assert done == ["backup db, files", "undo db", "backup db", "discard db", "discard files"]
    assert named[1] == ("before the restore of 20261129T000000 was taken back", {"db": {"shop": "shop__new"}})
    assert "kept.tar" in show.warn.call_args[0][0]
