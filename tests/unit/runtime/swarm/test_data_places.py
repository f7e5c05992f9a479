"""On which nodes the data of a stack is: what its tasks say, and what each engine says that can be asked."""

from __future__ import annotations

from typing import Any, cast

import pytest

from upready.runtime.docker.containers import Containers
from upready.runtime.swarm import data_places, member
from upready.runtime.swarm.engine import SwarmEngine
from upready.runtime.swarm.nodes import Node
from upready.support.errors import EngineError


class Client:
    """The SDK's client of an engine with some volumes; of a manager also with nodes and tasks."""

    api: Any

    def __init__(self, *volumes: str, tasks: tuple[tuple[str, str], ...] = ()) -> None:
        self.api, self._volumes, self._tasks, self.asked = self, volumes, tasks, 0

    def volumes(self) -> dict[str, Any]:
        self.asked += 1
        return {"Volumes": [{"Name": each} for each in self._volumes] or None}

    def nodes(self) -> list[dict[str, Any]]:
        spec = {"Labels": {"upready.context": "some"}}
        ready = [{"ID": each, "Spec": spec, "Status": {"State": "ready"}} for each in ("n1", "n2", "n3")]
        down = {"ID": "n4", "Spec": spec, "Status": {"State": "down"}}
        return [*ready, down, {"ID": "n5", "Status": {"State": "ready"}}]

    def tasks(self, filters: dict[str, str]) -> list[dict[str, Any]]:
        assert filters == {"service": "s1"}
        return [
            {"NodeID": node, "CreatedAt": str(at), "Status": {"State": state}}
            for at, (node, state) in enumerate(self._tasks)
        ]


@pytest.mark.parametrize(
    ("tasks", "nodes"),
    [
        ([], []),
        ([("n2", "shutdown"), ("n1", "running"), ("", "pending")], ["n1"]),
        ([("n1", "failed"), ("n2", "complete"), ("", "pending")], ["n2"]),
        ([("n1", "running"), ("n2", "running"), ("n1", "running")], ["n1", "n2"]),
    ],
)
def test_tasks_tell_where_they_run_or_ran_last(tasks: list[tuple[str, str]], nodes: list[str]) -> None:
    swarm = SwarmEngine(cast("Any", Client(tasks=tuple(tasks))), None, "n1")
    assert data_places.Asked(swarm, "shop").of_tasks("s1") == nodes


def test_each_engine_that_can_be_asked_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def on(manager: Containers, node: Node) -> Containers:
        tried.append(node.id)
        if node.id == "n3":
            raise EngineError("nobody answers")
        return Containers(cast("Any", Client("shop_data")), None)

    monkeypatch.setattr(member, "on", on)
    client = Client("shop_more")
    places = data_places.Asked(SwarmEngine(cast("Any", client), None, "n1"), "shop")
    assert (client.asked, tried) == (0, [])
    assert places.of_volumes(["shop_data", "other"]) == ["n2"]
    assert places.of_volumes(["shop_more"]) == ["n1"]
    assert (client.asked, sorted(tried)) == (1, ["n2", "n3"])
