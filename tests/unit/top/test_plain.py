"""The plain text of `invoke top`, for whoever has no terminal."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from upready.report.top import plain


class LostError(Exception):
    """Nobody reads any more."""


def test_it_ends_with_its_reader_also_where_something_changes_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(*, look: bool) -> None:
        assert look
        raise LostError

    monkeypatch.setattr(plain.streams, "check", check)
    state = SimpleNamespace(trouble="", rows=(), project="shop", environment="dev", runtime="docker")
    changed = threading.Event()
    changed.set()
    gathering: Any = SimpleNamespace(state=lambda: state, bug=None, changed=changed)
    reports = plain._reports(gathering)
    assert next(reports).project == "shop"
    with pytest.raises(LostError):
        next(reports)
