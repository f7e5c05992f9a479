"""The guard that keeps the edge from letting in what is not ready, also where it is started anew without its files."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.replicas import container, service
from upready.releases import routes
from upready.runtime.docker.edge import EdgeError

WEB, API = service("web"), service("api")


class Engine:
    """An engine whose edge can be started anew."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.restart(0)
        monkeypatch.setattr(routes, "LOOK_EVERY", 0.001)
        monkeypatch.setattr(routes.edge, "find", lambda *_: SimpleNamespace(container=self.edge))

    def restart(self, second: int, identifier: str = "edge") -> None:
        self.edge = container(id=identifier, started=datetime(2026, 11, 26, 22, 0, second, tzinfo=UTC))

    def inspect(self, identifier: str) -> Any:
        return self.edge if self.edge.id == identifier else None


class Looks:
    """Counts the looks at a route; the first ones find it wrong, or an edge that does not run."""

    def __init__(self, *answers: bool | EdgeError) -> None:
        self.answers, self.count = list(answers), 0
        self._looked = threading.Condition()

    def __call__(self, _: object) -> bool:
        with self._looked:
            self.count += 1
            self._looked.notify_all()
            answer = self.answers.pop(0) if self.answers else False
        if isinstance(answer, EdgeError):
            raise answer
        return answer

    def reach(self, count: int) -> None:
        with self._looked:
            assert self._looked.wait_for(lambda: self.count >= count, 30), self.count


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Any:
    return Engine(monkeypatch)


@pytest.mark.parametrize("start_anew", [lambda each: each.restart(1), lambda each: each.restart(0, "another")])
def test_a_route_is_looked_at_again_when_the_edge_was_started_anew(
    engine: Any, start_anew: Callable[[Engine], None]
) -> None:
    looks, guard = Looks(False, EdgeError("it does not run yet"), True), routes.Guard(engine, "shop")
    guard.keep(WEB, looks)
    looks.reach(1)
    start_anew(engine)
    looks.reach(4)  # it did not run, then was wrong, then right
    guard.close()
    assert looks.count == 4


def test_a_route_that_was_released_is_let_alone(engine: Any) -> None:
    web, api, guard = Looks(), Looks(), routes.Guard(engine, "shop")
    guard.keep(WEB, web)
    guard.keep(API, api)
    web.reach(1)
    api.reach(1)
    guard.release(WEB)
    count = web.count
    engine.restart(1)
    api.reach(2)
    guard.close()
    assert web.count == count


def test_a_guard_that_keeps_nothing_ends_at_once(engine: Any) -> None:
    routes.Guard(engine, "shop").close()


@pytest.mark.parametrize(
    ("state", "starts", "runs"),
    [("running", 0, True), ("exited", 1, True), ("created", 1, True), ("restarting", 0, False), ("exited", 1, False)],
)
def test_an_edge_that_was_stopped_is_started(
    monkeypatch: pytest.MonkeyPatch, state: str, starts: int, runs: bool
) -> None:
    found, told, started = container(id="edge", state=state), [], []
    monkeypatch.setattr(routes.edge, "find", lambda *_: SimpleNamespace(container=found))
    monkeypatch.setattr(routes.retire, "start", lambda _, each: started.append(each.id))
    engine: Any = SimpleNamespace(inspect=lambda _: container(state="running" if runs else "exited"))
    assert routes.wake(engine, "shop", told.append) is runs
    assert (len(started), len(told)) == (starts, int(not runs))
