"""Services whose constraints would take them off their data: which are, and which are not."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from upready.runtime.actions import Action
from upready.runtime.swarm import data_places, moves
from upready.runtime.swarm.steps import Step
from upready.runtime.swarm.translation import Service
from upready.support.errors import UsageError

VOLUME = {"Type": "volume", "Source": "shop_data"}
HERE, THERE = "node.hostname==alpha", "node.hostname==beta"


class Client:
    """The SDK's client of a manager of two nodes, on the first of which the only task runs."""

    def __init__(self, ran: tuple[str, ...] = ("beta", "alpha")) -> None:
        self.api, self.ran = self, ran

    def nodes(self) -> list[dict[str, Any]]:
        return [{"ID": name, "Description": {"Hostname": name}} for name in ("alpha", "beta")]

    def tasks(self, filters: object) -> list[dict[str, Any]]:
        del filters
        *older, last = self.ran
        ended = [{"NodeID": each, "CreatedAt": "1", "Status": {"State": "shutdown"}} for each in older]
        return [*ended, {"NodeID": last, "CreatedAt": "2", "Status": {"State": "running"}}]


def spec(constraint: str, *, mounts: tuple[Mapping[str, str], ...] = (VOLUME,), **more: object) -> dict[str, Any]:
    task = {"ContainerSpec": {"Mounts": list(mounts)}, "Placement": {"Constraints": [constraint]}}
    return {"Name": "shop_db", "TaskTemplate": task, **more}


def seen(
    before: dict[str, Any] | None,
    after: dict[str, Any],
    accepted: tuple[str, ...] = (),
    data: str = "",
    ran: tuple[str, ...] = ("beta", "alpha"),
    *,
    back: bool = False,
) -> list[str]:
    """What is told of a step."""
    told: list[str] = []
    known = None if before is None else {"ID": "s1", "Spec": before}
    step = Step(Service("db", after, {}, job=False), Action.RECREATE, known)
    swarm = SimpleNamespace(client=Client(ran), accepted=accepted, node="alpha")
    model = SimpleNamespace(
        every={"db": SimpleNamespace(ops={"data": data} if data else {})}, stack=SimpleNamespace(project="shop")
    )
    moves.check(cast("Any", swarm), cast("Any", model), [step], told.append, back=back)
    return told


@pytest.mark.parametrize(
    ("before", "after", "data"),
    [
        (None, spec(THERE), ""),
        (spec(HERE), spec(HERE), ""),
        (spec(HERE), spec("node.hostname!=beta"), ""),
        (spec(HERE), spec(THERE, mounts=()), ""),
        (spec(HERE, Mode={"Global": {}}), spec(THERE, Mode={"Global": {}}), ""),
        (spec(HERE), spec(THERE), "none"),
    ],
    ids=["new", "same", "still allowed", "another volume", "on each node", "no data"],
)
def test_what_leaves_no_data_may_go_anywhere(before: dict[str, Any] | None, after: dict[str, Any], data: str) -> None:
    assert seen(before, after, data=data) == []


def test_a_service_that_would_leave_its_data_is_refused_with_the_way() -> None:
    with pytest.raises(UsageError) as caught:
        seen(spec(HERE), spec(THERE))
    assert caught.value.details[0] == f"db: shop_data on alpha (the constraint {THERE} does not hold)"
    assert caught.value.next.startswith("invoke backup --service db && ")
    assert caught.value.next.endswith(" --accept-loss db.volumes")


def test_what_is_accepted_is_told_with_the_way_to_the_data() -> None:
    (told,) = seen(spec(HERE), spec(THERE), accepted=("db.volumes",))
    assert told.endswith("invoke restore latest --service db")


def has(monkeypatch: pytest.MonkeyPatch, *nodes: str) -> None:
    """Have the engines of nodes tell that they have the volume."""
    monkeypatch.setattr(data_places.Asked, "of_volumes", lambda *_: list(nodes))


def test_a_service_whose_node_was_removed_is_not_begun_anew_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    has(monkeypatch)
    gone, pinned = spec("node.id==gone12345678"), spec("node.id==alpha")
    with pytest.raises(UsageError) as caught:
        seen(gone, pinned, ran=("gone12345678",))
    assert caught.value.message == "the node that has the data of db is in the swarm no more"
    assert caught.value.details[0] == "db: shop_data on the node gone123 (it is in the swarm no more)"
    assert caught.value.next.splitlines() == [
        "have that machine join again, by --add of: invoke --help nodes",
        "<the same command> --accept-loss db.volumes",
    ]
    with pytest.raises(UsageError) as caught:
        seen(gone, pinned, ran=("gone12345678",), back=True)
    assert caught.value.next.endswith("invoke prod --accept-loss db.volumes")
    (told,) = seen(gone, pinned, accepted=("db.volumes",), ran=("gone12345678",))
    assert told.endswith("invoke restore latest --service db")


def test_a_service_whose_machine_has_joined_again_goes_where_its_data_is(monkeypatch: pytest.MonkeyPatch) -> None:
    has(monkeypatch, "beta")
    assert seen(spec("node.id==gone"), spec("node.id==beta"), ran=("gone",)) == []
    with pytest.raises(UsageError):
        seen(spec("node.id==gone"), spec("node.id==alpha"), ran=("gone",))
