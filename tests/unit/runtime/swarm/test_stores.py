"""The volumes of a stack on the nodes of a swarm: of each that can be asked, and what is known of the others."""

from __future__ import annotations

from typing import Any, cast

import pytest

from upready.runtime.docker.containers import Containers
from upready.runtime.swarm import member, stores
from upready.runtime.swarm.engine import SwarmEngine
from upready.runtime.swarm.nodes import Node
from upready.support.errors import EngineError, StartError

OWN = {"Type": "volume", "Source": "shop_data", "VolumeOptions": {"Labels": {"com.docker.stack.namespace": "shop"}}}
OTHERS = {"Type": "volume", "Source": "elsewhere"}


class Client:
    """The SDK's client of an engine with some volumes; of a manager also with nodes, and one task."""

    api: Any

    def __init__(self, *volumes: str, nodes: tuple[str, ...] = ()) -> None:
        self.api, self._volumes, self._nodes = self, volumes, nodes

    def volumes(self, filters: object) -> dict[str, Any]:
        return {"Volumes": [{"Name": each} for each in self._volumes]}

    def nodes(self) -> list[dict[str, Any]]:
        return [{"ID": each, "Description": {"Hostname": f"name-{each}"}} for each in self._nodes]

    def services(self, filters: object) -> list[dict[str, Any]]:
        return [{"ID": "s1", "Spec": {"Name": "shop_db"}}]

    def tasks(self, filters: object) -> list[dict[str, Any]]:
        spec = {"ContainerSpec": {"Mounts": [OWN, OTHERS]}}
        found = {"ServiceID": "s1", "Spec": spec, "Status": {"State": "running"}}
        return [{**found, "ID": f"t-{each}", "NodeID": each} for each in ("n2", "n3")]

    def containers(self, **_: object) -> list[object]:
        return []


def test_each_node_is_asked_and_of_one_that_cannot_be_its_tasks_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    def on(manager: Containers, node: Node) -> Containers:
        if node.id == "n3":
            raise StartError("no way there", next="invoke nodes --add n3")
        if node.id == "n4":
            raise EngineError("nobody answers", next="invoke doctor")
        return Containers(cast("Any", Client(*(["shop_data"] if node.id == "n2" else []))), None)

    monkeypatch.setattr(member, "on", on)
    client = Client("shop_releases", nodes=("n1", "n2", "n3", "n4", "n5"))
    manager = SwarmEngine(cast("Any", client), None, "n1")
    found = stores.find(manager, "shop")
    told = [(each.node, each.volumes, each.why, each.step) for each in found]
    assert told == [
        ("", ("shop_releases",), "", ""),
        ("name-n2", ("shop_data",), "", ""),
        ("name-n3", ("shop_data",), "no way there", "invoke nodes --add n3"),
        ("name-n4", (), "nobody answers", "invoke doctor"),
    ]
