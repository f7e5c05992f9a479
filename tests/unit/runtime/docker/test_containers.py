"""What becomes of the engine's events; the engine itself is in tests/engine/."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.conftest import MakeStack
from tests.unit.replicas import container, service
from upready.runtime.attempt import Attempt
from upready.runtime.docker import containers, startup
from upready.runtime.docker.containers import Changes, Containers
from upready.runtime.docker.engine import FAILED, ONE_OFF
from upready.runtime.interface import Container
from upready.stack.model import Model


def event(identifier: str, action: str, **attributes: str) -> dict[str, Any]:
    return {"Action": action, "Actor": {"ID": identifier, "Attributes": attributes}}


def test_one_off_containers_are_no_replicas() -> None:
    events = [
        event("web1", "start", **{ONE_OFF: "False"}),
        event("run1", "start", **{ONE_OFF: "True"}),
        event("run1", "die", **{ONE_OFF: "True"}),
        event("other", "die"),
    ]
    assert list(Changes(events)) == [("web1", "start"), ("other", "die")]


def test_a_restart_does_not_start_what_a_failed_release_has_left(
    make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compose would: to it, that is a replica as any other."""
    web = container()
    kept, other = (
        container(id=name, name=f"shop-{name}-2{FAILED}", service=name, state="exited") for name in ("web", "db")
    )
    done: list[object] = []

    class Engine(Containers):
        def __init__(self) -> None:
            """Nobody is asked."""

        def every(self, _: str) -> list[Container]:
            return [web, kept, other]

        def remove(self, container: Container) -> None:
            done.append(container.id)

    def start(_: object, services: Sequence[Any], found: Sequence[Container], *__: object, **___: object) -> None:
        done.append(([each.name for each in services], list(found)))

    monkeypatch.setattr(startup, "start", start)
    model = Model({"web": service(), "db": service("db")}, {}, {}, make_stack("services: {}"))
    told: list[str] = []
    Engine().restart(model, ["web"], Attempt(warn=told.append))
    assert done == ["web", (["web"], [web])]
    assert told == [f"{kept.name} is removed: a release that failed has left it for its log"]


def test_what_compose_says_at_each_of_its_calls_is_told_once(
    make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release calls it for each service, and a start that it gave up is tried again."""
    orphans = 'time="x" level=warning msg="Found orphan containers ([{}]) for this project."'
    said = [orphans.format("shop-old-1")]

    def stream(_: object, tell: Callable[[str], None], **__: object) -> int:
        for each in said:
            tell(each)
        return 0

    monkeypatch.setattr(containers.compose_call, "stream", stream)
    monkeypatch.setattr(containers.compose, "command", lambda *_: [])
    engine, told, stack = Containers(SimpleNamespace()), list[str](), make_stack("services: {}")  # type: ignore[arg-type] # not asked
    for _ in range(2):
        engine.compose(stack, Attempt(warn=told.append), "up")
    assert len(told) == 1
    said.append(orphans.format("shop-new-1"))
    engine.compose(stack, Attempt(warn=told.append), "up")
    assert [each.partition(" ")[0] for each in told] == ["shop-old-1", "shop-new-1"]
