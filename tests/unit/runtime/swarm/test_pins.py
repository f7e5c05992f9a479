"""On which node a service with data runs: where its data is, and new data where the service may run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pytest

from upready.runtime.swarm import pins
from upready.runtime.swarm.pins import Other, Pin


def node(name: str, role: str = "worker", *, availability: str = "active", context: str = "") -> dict[str, Any]:
    labels = {"upready.context": context} if context else {}
    spec = {"Role": role, "Availability": availability, "Labels": labels}
    return {"ID": name, "Spec": spec, "Description": {"Hostname": name}, "Status": {"State": "ready"}}


NODES = [node("n1", "manager"), node("n2"), node("n3", context="three")]


def spec(*constraints: str, volume: str = "data", **placement: Any) -> dict[str, Any]:
    mounts = [{"Type": "volume", "Source": volume, "Target": "/data"}]
    return {
        "TaskTemplate": {
            "ContainerSpec": {"Mounts": mounts},
            "Placement": {"Constraints": list(constraints), **placement},
        }
    }


class Places:
    """Data that is on some nodes."""

    def __init__(self, tasks: Mapping[str, list[str]] | None = None, **volumes: list[str]) -> None:
        self.tasks, self.volumes = tasks or {}, volumes

    def of_tasks(self, service: str) -> list[str]:
        return self.tasks.get(service, [])

    def of_volumes(self, named: Collection[str]) -> list[str]:
        return [each for name in named for each in self.volumes.get(name, [])]


def found(
    wanted: dict[str, Any],
    before: dict[str, Any] | None = None,
    *others: Other,
    places: Places | None = None,
    there: list[dict[str, Any]] = NODES,
) -> Pin | None:
    known = None if before is None else {"ID": "s1", "Spec": before}
    return pins.find(wanted, known, [Other(wanted, known), *others], there, "n1", places or Places())


@pytest.mark.parametrize(
    ("constraints", "place"),
    [
        ([], "n1"),
        (["node.role==worker"], "n3"),
        (["node.hostname!=n1"], "n3"),
        (["node.role==worker", "node.id != n3"], "n2"),
        (["engine.labels.none==here"], "n1"),
    ],
)
def test_new_data_is_made_where_the_service_may_run(constraints: list[str], place: str) -> None:
    pin = found(spec(*constraints))
    assert pin is not None
    assert (pin.node, pin.fresh) == (place, True)


def test_new_data_is_not_made_on_a_node_that_gets_no_tasks() -> None:
    drained = [node("n1", "manager", availability="drain"), *NODES[1:]]
    pin = found(spec(), there=drained)
    assert pin is not None
    assert pin.node == "n3"


@pytest.mark.parametrize("constraint", ["node.labels.disk == ssd", "node.hostname==n2", "Node.Id==n2"])
def test_a_constraint_that_names_a_node_counts_instead(constraint: str) -> None:
    assert found(spec(constraint)) is None


def test_services_that_share_new_data_are_made_on_one_node() -> None:
    plain, bound = spec(), spec("node.role==worker")
    first = found(plain, None, Other(bound, None))
    second = found(bound, None, Other(plain, None))
    assert first is not None
    assert second is not None
    assert first.node == second.node == "n3"


@pytest.mark.parametrize("before", [spec("node.hostname==n2"), spec("node.hostname!=n1"), spec()])
def test_a_service_that_no_constraint_holds_any_more_stays_where_its_tasks_ran(before: dict[str, Any]) -> None:
    pin = found(spec(), before, places=Places({"s1": ["n2"]}))
    assert pin is not None
    assert (pin.node, pin.fresh) == ("n2", False)


def test_a_service_that_had_other_volumes_has_no_data_where_it_ran() -> None:
    pin = found(spec(), spec(volume="other"), places=Places({"s1": ["n2"]}))
    assert pin is not None
    assert (pin.node, pin.fresh) == ("n1", True)


def test_a_service_that_was_removed_comes_back_where_its_volume_is() -> None:
    pin = found(spec(), places=Places(data=["n2"]))
    assert pin is not None
    assert (pin.node, pin.fresh) == ("n2", False)
    assert pin.also == ()
    # Of several that have it, first the one that is asked, of those that may run the service.
    both = Places(data=["n2", "n1"])
    assert [
        each and each.node for each in (found(spec(), places=both), found(spec("node.role==worker"), places=both))
    ] == [
        "n1",
        "n2",
    ]


def test_it_is_told_where_several_nodes_have_such_a_volume() -> None:
    pin = found(spec(), places=Places(data=["n3", "n2"]))
    assert str(pin) == (
        "stays on the node n2, which has its data (data); a volume of that name is on n3, too: "
        "node.hostname==… chooses between them"
    )


def test_a_pin_to_a_node_that_is_gone_is_none() -> None:
    before = spec("node.id==gone")
    pin = found(spec(), before, places=Places({"s1": ["gone"]}))
    assert pin is not None
    assert (pin.node, pin.fresh) == ("n1", True)
    # When: the machine has joined again, as another node
    again = found(spec(), before, places=Places({"s1": ["gone"]}, data=["n3"]))
    assert again is not None
    assert (again.node, again.fresh) == ("n3", False)


def test_one_node_is_not_asked_what_it_has() -> None:
    pin = found(spec(), places=Places(data=["n1"]), there=NODES[:1])
    assert pin is not None
    assert pin.fresh
