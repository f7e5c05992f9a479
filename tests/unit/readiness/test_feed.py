"""What the observer leaves behind; what it sees is tested through the gate."""

from __future__ import annotations

import threading
from typing import Any

from tests.unit.replicas import Fake, container
from upready.readiness.feed import Feed


def test_no_thread_outlives_it() -> None:
    before = set(threading.enumerate())
    engine: Any = Fake(container())
    with Feed(engine, "shop") as observer:
        for _ in range(20):
            engine.put(container())
            observer.inbox.get(timeout=60)
        assert set(threading.enumerate()) > before
    assert set(threading.enumerate()) == before
