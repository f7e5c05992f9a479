"""What the observer leaves behind; what it sees is tested through the gate."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from tests.unit.replicas import Fake, container
from upready.readiness import feed
from upready.readiness.feed import Feed
from upready.readiness.messages import Listed
from upready.runtime.interface import Container


def test_no_thread_outlives_it() -> None:
    before = set(threading.enumerate())
    engine: Any = Fake(container())
    with Feed(engine, "shop") as observer:
        for _ in range(20):
            engine.put(container())
            observer.inbox.get(timeout=60)
        assert set(threading.enumerate()) > before
    assert set(threading.enumerate()) == before


class Manager(Fake):
    """A manager of a swarm: its engine knows no container, all of them are on other nodes."""

    name = "swarm"

    def inspect(self, _: str) -> Container | None:
        return None


def test_a_change_on_another_node_is_listed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "REFRESH", 3600.0)
    engine: Any = Manager(container(state="starting"))
    with Feed(engine, "shop") as observer:
        engine.put(container(state="running"))
        until = time.monotonic() + 60
        states: list[str] = []
        while "running" not in states:
            message = observer.inbox.get(timeout=until - time.monotonic())
            states += [each.state for each in message.containers] if isinstance(message, Listed) else []
