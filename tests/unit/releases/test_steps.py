"""What a release does with one service, in which order, on an engine and an edge that are made up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.unit import replicas
from upready.releases import draining, gate, plan, standby, steps
from upready.releases.plan import Change
from upready.releases.steps import Steps
from upready.runtime.docker.edge import Route
from upready.runtime.interface import Container
from upready.stack.model import Model
from upready.stack.selection import Stack
from upready.support.errors import UnhealthyError

OLD, NEW = replicas.container(id="old1"), replicas.container(id="new1")


class Edge:
    """An edge that notes what it is told."""

    def __init__(self, *, held: bool = False) -> None:
        self.told: list[str] = []
        self.held = held

    def route(self, _: object) -> Route:
        return Route(("old1",), self.held)

    def hold(self, _: object) -> None:
        self.told.append("hold")

    def switch(self, _: object, containers: Sequence[str]) -> None:
        self.told.append(f"switch {', '.join(containers)}")


class Silent:
    """Who is told nothing."""

    def __getattr__(self, _: str) -> Callable[..., None]:
        return lambda *_: None


@pytest.fixture
def edge(monkeypatch: pytest.MonkeyPatch) -> Edge:
    made = Edge()
    monkeypatch.setattr(Steps, "edge", lambda *_, **__: made)
    monkeypatch.setattr(steps, "lasting", lambda *_: draining.NOTHING)
    monkeypatch.setattr(standby, "make", lambda *_: [])  # as where compose alone can replace it
    monkeypatch.setattr(steps, "drain", lambda *_: made.told.append("drain") or 0)
    return made


def admitting(monkeypatch: pytest.MonkeyPatch, edge: Edge, *, stays: bool) -> None:
    """Let the gate find a new container ready, which stays so or does not."""

    def admit(_: object, *__: object, enter: Callable[[list[Container]], None], **___: Any) -> list[Container]:
        edge.told.append("start")
        enter([NEW])
        edge.told.append("monitor")
        if not stays:
            raise gate.SickError(UnhealthyError("it ended"), [], [])
        return [NEW]

    monkeypatch.setattr(gate.Gate, "admit", admit)


def replaced(edge: Edge) -> Steps:
    service = replicas.service()
    stack = Stack(root=Path(), environment="prod", files=(), profiles=(), project="shop", timeout=1)
    # Silent stands for an engine, for who is told, and for the guard: nothing is asked of them here.
    made = Steps(Silent(), Model({"web": service}, {}, {}, stack), Silent())  # type: ignore[arg-type]
    made.guard = Silent()  # type: ignore[assignment]
    made.old = {"web": [OLD]}
    made.replace(service, Change("web", plan.REPLACED))
    return made


def test_what_is_stopped_first_lets_requests_in_before_monitor(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    admitting(monkeypatch, edge, stays=True)
    replaced(edge)
    assert edge.told == ["hold", "drain", "start", "switch new1", "monitor"]


def test_what_does_not_stay_ready_has_its_requests_wait_again(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    admitting(monkeypatch, edge, stays=False)
    with pytest.raises(gate.SickError):
        replaced(edge)
    assert edge.told[-2:] == ["monitor", "hold"]


def test_requests_that_wait_already_are_not_drained_again(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    admitting(monkeypatch, edge, stays=True)
    edge.held = True
    replaced(edge)
    assert edge.told == ["start", "switch new1", "monitor"]
