"""The signs of life of a lock's holder; locks on an engine are in tests/engine/."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from upready.releases import engine_lock

NOW = datetime(2026, 11, 29, 13, 29, 35, tzinfo=UTC)


class Engine:
    """An engine whose clock is set by an hour after the first sign."""

    def __init__(self) -> None:
        self.client = self.api = self
        self.now, self.ended = NOW, threading.Event()
        self.signs: list[int] = []

    def info(self) -> dict[str, str]:
        return {"SystemTime": self.now.isoformat()}

    def update_container(self, _: str, restart_policy: dict[str, Any]) -> None:
        self.signs.append(restart_policy["MaximumRetryCount"])
        self.now += timedelta(hours=1)
        if len(self.signs) == 2:
            self.ended.set()


def test_a_clock_that_is_set_makes_nobody_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_lock, "BEAT", 0.01)
    engine: Any = Engine()
    engine_lock._beat(engine, "lock", engine.ended)
    assert engine.signs == [NOW.timestamp(), NOW.timestamp() + 3600]
