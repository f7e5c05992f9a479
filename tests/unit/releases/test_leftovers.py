"""Which version stays after a change that was ended between two of its steps, and which containers go."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.unit.replicas import container, service
from upready.releases import leftovers
from upready.runtime.docker.edge import EdgeError
from upready.runtime.docker.inspection import RELEASE
from upready.runtime.interface import Container
from upready.stack.model import Model
from upready.stack.selection import Stack

OLD, NEW = "20261126T220000-1a2b3c4", "20261126T220001-1a2b3c4"


def model(**releases: str) -> Model:
    """A model, each of whose services has a release; `api` is behind the edge."""
    services = {name: service(name, labels={RELEASE: release}) for name, release in releases.items()}
    if "api" in services:
        services["api"] = dataclasses.replace(services["api"], ops={"edge": {"port": 8000}})
    return Model(services, {}, {}, Stack(Path(), "prod", (), (), "shop"))


def one(name: str, release: str, state: str = "running", **more: Any) -> Container:
    told = {"service": name, "release": release, "state": state, **more}
    return container(id=f"{name}-{release[14:15]}".ljust(64, "0"), name=f"{name}-{release}", **told)


class Edge:
    """An edge that sends requests to the containers with these ids."""

    def __init__(self, *served: str) -> None:
        self._served = served

    def upstreams(self, _: object) -> tuple[str, ...]:
        if not self._served:
            raise EdgeError("it does not run")
        return self._served

    requests = staticmethod(lambda _: frozenset())


class Engine:
    """An engine that has these containers, and loses those that are removed."""

    def __init__(self, found: Sequence[Container]) -> None:
        self.found = list(found)

    def containers(self, _: str) -> list[Container]:
        return self.found


class Told:
    def step(self, text: str) -> None: ...

    warn = step


def settle(
    monkeypatch: pytest.MonkeyPatch,
    found: Sequence[Container],
    old: Model | None,
    new: Model | None,
    *served: str,
    ready: bool = True,
) -> tuple[bool, set[str]]:
    """Whether the new version stays, and what is left."""
    engine: Any = Engine(found)
    edge = Edge(*(each[:12] for each in served))
    told: Any = Told()
    monkeypatch.setattr(leftovers.routes, "edge_of", lambda *a: edge if a[2].ops.get("edge") else None)
    monkeypatch.setattr(leftovers.routes, "mend", lambda *_: None)
    monkeypatch.setattr(
        leftovers.retire, "retire", lambda engine, gone, *_: [engine.found.remove(each) for each in gone]
    )
    stays = leftovers.settle(engine, "shop", old, new, told, ready=ready)
    return stays, {each.name for each in engine.found}


BEFORE, AFTER = model(api=OLD, db=OLD), model(api=NEW, db=NEW)
REPLACED = [one("api", OLD), one("api", NEW), one("db", NEW)]
"""The database's place is taken by the new one already; of the service behind the edge both are there."""


def test_one_service_that_was_replaced_is_no_release(monkeypatch: pytest.MonkeyPatch) -> None:
    for served in REPLACED[:2]:
        assert settle(monkeypatch, REPLACED, BEFORE, AFTER, served.id, ready=False)[0] is False


def test_where_all_was_ready_and_the_old_is_not_whole_the_new_one_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    stays, left = settle(monkeypatch, REPLACED, BEFORE, AFTER)
    assert (stays, left) == (True, {f"api-{NEW}", f"db-{NEW}"})


@pytest.mark.parametrize("ready", [True, False])
def test_where_both_are_whole_the_edge_tells(monkeypatch: pytest.MonkeyPatch, ready: bool) -> None:
    old, new = one("api", OLD), one("api", NEW)
    pair = model(api=OLD), model(api=NEW)
    assert settle(monkeypatch, [old, new], *pair, old.id, ready=ready) == (False, {old.name})
    assert settle(monkeypatch, [old, new], *pair, new.id, ready=ready)[0] is ready
    assert settle(monkeypatch, [old, new], *pair, ready=ready) == (False, {old.name})  # it does not run


def test_a_service_of_the_new_version_alone_goes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [one("worker", OLD), one("more", NEW), one("stranger", "")]
    left = settle(monkeypatch, found, model(worker=OLD), model(worker=NEW, more=NEW))
    assert left == (False, {f"worker-{OLD}", "stranger-"})
    # What only the old version had is left alone, as a release leaves it.
    found = [one("worker", OLD), one("worker", NEW), one("less", OLD)]
    monkeypatch.setattr(leftovers, "_is_switched", lambda *_: True)
    assert settle(monkeypatch, found, model(worker=OLD, less=OLD), model(worker=NEW))[1] == {
        f"worker-{NEW}",
        f"less-{OLD}",
    }


def test_before_the_first_release_there_is_nothing_to_go_back_to(monkeypatch: pytest.MonkeyPatch) -> None:
    for state, whole in (("running", True), ("created", False)):
        found = [one("worker", NEW, state)]
        assert settle(monkeypatch, found, None, model(worker=NEW)) == (whole, {f"worker-{NEW}"})


@pytest.mark.parametrize(
    ("state", "code", "policy", "up"),
    [
        ("running", None, "always", True),
        ("exited", 0, "no", True),
        ("exited", 0, "on-failure", True),
        ("exited", 0, "unless-stopped", False),
        ("exited", 143, "unless-stopped", False),
        ("created", None, "no", False),
    ],
)
def test_what_is_always_to_run_is_not_done(state: str, code: int | None, policy: str, up: bool) -> None:
    found = [one("worker", OLD, state, exit_code=code, restart_policy=policy)]
    assert leftovers.is_whole(found, model(worker=OLD)) is up
    assert not leftovers.is_whole([*found, *found], model(worker=OLD))
