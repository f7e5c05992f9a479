"""Engines of other contexts are reached beside each other, and none changes which engine this process asks."""

from __future__ import annotations

import os
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from upready.engine import connection, elsewhere, endpoint
from upready.engine.endpoint import Endpoint
from upready.support import background


def test_two_engines_are_reached_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=30)
    closed: list[str] = []
    monkeypatch.setenv("DOCKER_CONTEXT", "mine")
    monkeypatch.setattr(endpoint, "of_context", lambda name, source: Endpoint(f"tcp://{name}", name, source))

    def client(timeout: float, *, place: Endpoint) -> tuple[Any, None]:
        both.wait()
        assert os.environ["DOCKER_CONTEXT"] == "mine"
        return SimpleNamespace(close=lambda: closed.append(place.context)), None

    def reach(context: str) -> str:
        with elsewhere.at(context, "--add") as place:
            assert place.endpoint.source == "--add"
            return place.address

    monkeypatch.setattr(connection, "client", client)
    found = background.together([lambda: reach("one"), lambda: reach("two")])
    assert found == ["tcp://one (docker context one)", "tcp://two (docker context two)"]
    assert sorted(closed) == ["one", "two"]
