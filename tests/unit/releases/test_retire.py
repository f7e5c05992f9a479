"""What becomes of containers that are no longer needed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.replicas import container
from upready.releases import retire
from upready.runtime.docker.engine import FAILED


class Api:
    """An engine's API that writes down what it is asked."""

    timeout = 10

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def update_container(self, identifier: str, **how: Any) -> None:
        self.asked.append(("update", identifier, how))

    def rename(self, identifier: str, name: str) -> None:
        self.asked.append(("rename", identifier, name))


class Engine:
    def __init__(self) -> None:
        self.client = self
        self.api = Api()


def test_a_failed_one_that_is_kept_is_not_started_by_an_engine_that_restarts(monkeypatch: pytest.MonkeyPatch) -> None:
    engine: Any = Engine()
    monkeypatch.setattr(retire, "stop", lambda _, each: engine.api.asked.append(("stop", each.id)))
    assert retire.keep(engine, [container(restart_policy="always")]) == ["shop-web-1" + FAILED]
    assert engine.api.asked == [
        ("update", "web1", {"restart_policy": {"Name": "no"}}),
        ("stop", "web1"),
        ("rename", "web1", "shop-web-1" + FAILED),
    ]
