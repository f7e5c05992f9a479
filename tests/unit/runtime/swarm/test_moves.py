"""Services whose constraints would take them off their data: which are, and which are not."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from upready.runtime.actions import Action
from upready.runtime.swarm import moves
from upready.runtime.swarm.steps import Step
from upready.runtime.swarm.translation import Service
from upready.support.errors import UsageError

VOLUME = {"Type": "volume", "Source": "shop_data"}
HERE, THERE = "node.hostname==alpha", "node.hostname==beta"


class Client:
    """The SDK's client of a manager of two nodes, on the first of which the only task runs."""

    def __init__(self) -> None:
        self.api = self

    def nodes(self) -> list[dict[str, Any]]:
        return [{"ID": name, "Description": {"Hostname": name}} for name in ("alpha", "beta")]

    def tasks(self, filters: object) -> list[dict[str, Any]]:
        del filters
        older = {"NodeID": "beta", "CreatedAt": "1", "Status": {"State": "shutdown"}}
        return [older, {"NodeID": "alpha", "CreatedAt": "2", "Status": {"State": "running"}}]


def spec(constraint: str, *, mounts: tuple[Mapping[str, str], ...] = (VOLUME,), **more: object) -> dict[str, Any]:
    task = {"ContainerSpec": {"Mounts": list(mounts)}, "Placement": {"Constraints": [constraint]}}
    return {"Name": "shop_db", "TaskTemplate": task, **more}


def seen(
    before: dict[str, Any] | None, after: dict[str, Any], accepted: tuple[str, ...] = (), data: str = ""
) -> list[str]:
    """What is told of a step."""
    told: list[str] = []
    known = None if before is None else {"ID": "s1", "Spec": before}
    step = Step(Service("db", after, {}, job=False), Action.RECREATE, known)
    swarm = SimpleNamespace(client=Client(), accepted=accepted)
    model = SimpleNamespace(every={"db": SimpleNamespace(ops={"data": data} if data else {})})
    moves.check(cast("Any", swarm), cast("Any", model), [step], told.append)
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
