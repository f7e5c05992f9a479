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


def test_the_longer_a_list_takes_the_rarer_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "REFRESH", 0.0)
    monkeypatch.setattr(feed, "LISTING", 0.5)
    begun: list[float] = []

    class Slow(Fake):
        def containers(self, _: str) -> list[Container]:
            begun.append(time.monotonic())
            time.sleep(0.2)
            return super().containers(_)

    engine: Any = Slow(container())
    with Feed(engine, "shop") as observer:
        while len(begun) < 4:
            observer.inbox.get(timeout=60)
    # The event stream has every list made anew once, when it begins.
    assert begun[3] - begun[2] >= 0.4
