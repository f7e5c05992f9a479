"""A release in Swarm after one that was cut off: what the user accepts to lose counts for the new one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from upready.operations import swarm_release
from upready.operations.swarm_release import SwarmRelease
from upready.releases.history import BEGUN
from upready.runtime.swarm import losses, moves
from upready.runtime.swarm.moves import Move
from upready.runtime.swarm.preparation import Prepared
from upready.support.errors import StartError

BEFORE = {"name": "shop", "services": {"db": {"image": "a", "privileged": True}}}


def cut_off(monkeypatch: pytest.MonkeyPatch, *accepted: str) -> tuple[SwarmRelease, list[tuple[str, ...]]]:
    """A release whose predecessor was cut off; gets what counts as accepted while that one is settled."""
    seen: list[tuple[str, ...]] = []
    engine = SimpleNamespace(accepted=accepted)
    pending = {"release": "two", "task": "prod", "result": BEGUN}
    made = cast("Any", object.__new__(SwarmRelease))
    made.engine, made.show = engine, SimpleNamespace(step=lambda _: None)
    made.record = SimpleNamespace(sweep=lambda: None)
    made.history = SimpleNamespace(pending=pending, current="one")
    before = SimpleNamespace(raw=BEFORE)

    def prepare(target: Any) -> Prepared:
        assert target is before
        losses.check(BEFORE, engine.accepted)
        seen.append(engine.accepted)
        steps = [SimpleNamespace(key="db"), SimpleNamespace(key="web")]
        return Prepared(cast("Any", None), cast("Any", steps))

    monkeypatch.setattr(moves, "find", lambda *_: [])
    monkeypatch.setattr(swarm_release.SwarmRelease, "_recorded", lambda *_: before)
    monkeypatch.setattr(swarm_release.SwarmRelease, "_prepare", lambda _, target: prepare(target))
    monkeypatch.setattr(swarm_release.SwarmRelease, "_deploy", lambda *_: None)
    monkeypatch.setattr(swarm_release.SwarmRelease, "_write", lambda *_: None)
    return made, seen


def test_what_the_user_accepts_counts_again_once_another_release_is_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    made, seen = cut_off(monkeypatch, "web.privileged", "db.volumes")
    made.settle()
    assert seen == [("privileged",)]
    assert made.engine.accepted == ("web.privileged", "db.volumes")


def test_that_is_so_also_where_it_cannot_be_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = cut_off(monkeypatch, "web.privileged")

    def fail(*_: object) -> None:
        raise StartError("no")

    monkeypatch.setattr(swarm_release.SwarmRelease, "_deploy", fail)
    with pytest.raises(StartError):
        made.settle()
    assert made.engine.accepted == ("web.privileged",)


def test_a_service_that_would_begin_without_its_data_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = cut_off(monkeypatch)
    done: list[str] = []
    told: list[str] = []
    made.show = cast("Any", SimpleNamespace(step=told.append))
    move = Move("db", ("shop_data",), ("the node gone",), "it is in the swarm no more", gone=True)
    monkeypatch.setattr(moves, "find", lambda *_: [move])
    monkeypatch.setattr(
        swarm_release.SwarmRelease, "_deploy", lambda _, __, planned: done.extend(each.key for each in planned.steps)
    )
    made.settle()
    assert done == ["web"]
    assert told[-1] == "left as it is: db: shop_data on the node gone (it is in the swarm no more)"
