"""What is gathered after a trouble; gathering as a whole is under test in tests/native/test_top.py."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.top.made import entry
from upready.logs.entry import Entry
from upready.logs.live import Skim
from upready.logs.query import Query
from upready.operations.top import gather
from upready.operations.top.gather import FIRST, Gathering
from upready.operations.top.log_lines import LogLines
from upready.support.errors import EngineError


class Following:
    """Entries, then an engine that goes away."""

    def __init__(self, *entries: Entry) -> None:
        self._entries = [*entries]

    def origins(self) -> list[Any]:
        return []

    def entries(self, *_: object) -> Iterator[list[Entry]]:
        yield self._entries
        raise EngineError("the engine is gone")


@pytest.mark.parametrize(
    ("entries", "since", "tail"),
    [((entry("a", second=20),), datetime(2026, 11, 29, 10, 0, 10, tzinfo=UTC), None), ((), None, FIRST)],
)
def test_logs_go_on_from_where_they_were_by_the_clock_of_the_engine(
    monkeypatch: pytest.MonkeyPatch, entries: tuple[Entry, ...], since: datetime | None, tail: int | None
) -> None:
    following, asked = Gathering.__new__(Gathering), []
    vars(following).update(lines=LogLines(), skim=Skim(), changed=threading.Event(), _over=threading.Event())
    vars(following).update(_logs=Following(*entries), _settings=None, _moved=threading.Event())

    def find(_settings: object, query: Query, *_: object) -> None:
        asked.append(query)
        following._over.set()

    monkeypatch.setattr(gather.logs, "find", find)
    monkeypatch.setattr(gather, "AGAIN", 0.0)
    following._follow()
    assert asked == [Query(follow=True, since=since, tail=tail)]
