"""The data that goes with a node: of services that are held there, and of those that ran there."""

from __future__ import annotations

from typing import Any

import pytest

from upready.runtime.swarm import node_data
from upready.runtime.swarm.fleet import Fleet
from upready.runtime.swarm.nodes import Node
from upready.support.errors import UsageError

NODE = Node("n2", "two", state="down")


def spec(name: str, volume: str = "", *constraints: str) -> dict[str, Any]:
    mounts = [{"Type": "volume", "Source": volume, "Target": "/data"}] if volume else []
    task = {"ContainerSpec": {"Mounts": mounts}, "Placement": {"Constraints": list(constraints)}}
    return {"Name": name, "TaskTemplate": task}


def task(service: str, node: str, of: dict[str, Any], state: str = "shutdown") -> dict[str, Any]:
    return {"ServiceID": service, "NodeID": node, "Spec": of["TaskTemplate"], "Status": {"State": state}}


HELD = spec("shop_db", "shop_data", "node.id==n2")
RAN = spec("shop_edge", "shop_certificates")
ELSEWHERE = spec("shop_far", "shop_far", "node.id==n1")
PLAIN = spec("shop_web")
FLEET = Fleet(
    (Node("n1", "one"), NODE),
    {name: {"ID": name, "Spec": each} for name, each in zip("abcd", (HELD, RAN, ELSEWHERE, PLAIN), strict=True)},
    (
        task("b", "n2", RAN),
        task("b", "n1", RAN),
        task("c", "n1", ELSEWHERE),
        task("d", "n2", PLAIN),
        task("e", "n2", RAN),
    ),
)


def test_the_data_of_a_node_is_told_by_service() -> None:
    assert node_data.of(FLEET, NODE) == ["shop_db: shop_data", "shop_edge: shop_certificates"]
    assert node_data.of(FLEET, Node("n3", "three")) == []


def test_a_node_is_not_forgotten_with_data_without_a_word() -> None:
    with pytest.raises(UsageError) as caught:
        node_data.refuse_loss(FLEET, NODE)
    assert caught.value.details[0] == "shop_db: shop_data"
    assert caught.value.next.splitlines() == ["start two again, then: <the same command>", "<the same command> --yes"]
    node_data.refuse_loss(FLEET, Node("n3", "three", state="down"))
