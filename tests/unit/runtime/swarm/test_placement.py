"""Which nodes may run a service, and why others may not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from upready.runtime.swarm import nodes, placement
from upready.runtime.swarm.fleet import Fleet
from upready.runtime.swarm.nodes import Node

NODE = Node(
    "n1",
    "one",
    address="10.99.0.12",
    machine="x86_64",
    cpus=2.0,
    memory=4 * 2**30,
    generic={"gpu": 2},
    labels={"disk": "ssd", "Zone": "A"},
    engine_labels={"rack": "7"},
)


@pytest.mark.parametrize(
    ("constraint", "met"),
    [
        ("node.id==n1", True),
        ("node.id != n1", False),
        ("node.hostname==ONE", True),
        ("node.role==worker", True),
        ("node.role!=manager", True),
        ("node.platform.os==linux", True),
        ("node.labels.disk==ssd", True),
        ("node.labels.disk == hdd", False),
        ("node.labels.missing!=x", True),
        ("node.labels.missing==x", False),
        ("node.labels.Zone==a", True),
        ("engine.labels.rack==7", True),
        ("node.ip==10.99.0.0/24", True),
        ("node.ip!=10.99.0.12", False),
        ("node.nonsense==x", False),
        ("no constraint", False),
    ],
)
def test_constraints(constraint: str, met: bool) -> None:
    assert placement.holds(constraint, NODE) is met


def service(name: str = "web", **spec: Any) -> dict[str, Any]:
    return {"ID": name, "Spec": {"Name": name, **spec}}


def task(of: str, state: str = "running", **spec: Any) -> dict[str, Any]:
    return {"ServiceID": of, "NodeID": "n1", "Status": {"State": state}, "Spec": spec}


def reserving(**amounts: Any) -> dict[str, Any]:
    return {"Resources": {"Reservations": amounts}}


GPUS = {"GenericResources": [{"DiscreteResourceSpec": {"Kind": "gpu", "Value": 2}}]}
PORT = {"EndpointSpec": {"Ports": [{"PublishedPort": 80, "Protocol": "tcp", "PublishMode": "host"}]}}


@pytest.mark.parametrize(
    ("wanted", "tasks", "found"),
    [
        (service(), [], []),
        (service(TaskTemplate=reserving(NanoCPUs=2_000_000_000)), [], []),
        (service(TaskTemplate=reserving(NanoCPUs=3_000_000_000)), [], ["2 of 2 free"]),
        (
            service(TaskTemplate=reserving(NanoCPUs=2_000_000_000)),
            [task("other", **reserving(NanoCPUs=500_000_000))],
            ["1.5 of 2 free"],
        ),
        (
            service(TaskTemplate=reserving(NanoCPUs=2_000_000_000)),
            [task("other", "failed", **reserving(NanoCPUs=500_000_000))],
            [],
        ),
        (service(TaskTemplate=reserving(MemoryBytes=5 * 2**30)), [], ["4096 MiB of 4096 MiB free"]),
        (service(TaskTemplate=reserving(**GPUS)), [task("other", **reserving(**GPUS))], ["0 of 2 free"]),
        (service(**PORT), [task("edge")], ["port 80 is taken by edge"]),
        (service(TaskTemplate={"Placement": {"MaxReplicas": 1}}), [task("web")], ["it has 1 of at most 1"]),
        (service(TaskTemplate={"Placement": {"Platforms": [{"OS": "linux", "Architecture": "amd64"}]}}), [], []),
        (
            service(TaskTemplate={"Placement": {"Platforms": [{"OS": "linux", "Architecture": "arm64"}]}}),
            [],
            ["it is linux/amd64"],
        ),
    ],
)
def test_what_a_node_lacks(wanted: dict[str, Any], tasks: list[dict[str, Any]], found: list[str]) -> None:
    known = Fleet((NODE,), {"edge": service("edge", **PORT), "web": wanted}, tuple(tasks))
    assert [each.words for each in placement.obstacles(wanted, NODE, known)] == found


@pytest.mark.parametrize(
    ("state", "availability", "words"),
    [("ready", "active", []), ("down", "active", ["it is down"]), ("ready", "drain", ["it is drained"])],
)
def test_a_node_that_takes_no_tasks(state: str, availability: str, words: list[str]) -> None:
    node = replace(NODE, state=state, availability=availability)
    assert [each.words for each in placement.obstacles(service(), node, Fleet((node,), {}, ()))] == words


FOLDER = {"type": "none", "o": "bind", "device": "/srv/data"}
"""The options of a volume that is a folder of its node."""


def test_volumes_that_one_node_has() -> None:
    mounts = [
        {"Type": "volume", "Source": "data", "Target": "/data"},
        {"Type": "volume", "Target": "/anonymous"},
        {"Type": "bind", "Source": "/srv", "Target": "/srv"},
        {"Type": "volume", "Source": "far", "VolumeOptions": {"DriverConfig": {"Name": "rexray"}}},
        {"Type": "volume", "Source": "share", "VolumeOptions": {"DriverConfig": {"Options": {"type": "nfs"}}}},
        {"Type": "volume", "Source": "folder", "VolumeOptions": {"DriverConfig": {"Options": FOLDER}}},
    ]
    spec = {"TaskTemplate": {"ContainerSpec": {"Mounts": mounts}}}
    assert placement.volumes(spec) == ["data", "folder"]


def manager(name: str, reachability: str = "reachable") -> Node:
    return Node(name, name, role="manager", reachability=reachability)


@pytest.mark.parametrize(
    ("managers", "gone", "decides"),
    [
        ([manager("a")], "a", False),
        ([manager("a"), manager("b")], "a", True),
        ([manager("a"), manager("b"), manager("c")], "a", True),
        ([manager("a"), manager("b"), manager("c", "unreachable")], "a", False),
        ([manager("a"), manager("b"), manager("c", "unreachable")], "c", True),
    ],
)
def test_managers_that_are_left_must_decide(managers: list[Node], gone: str, decides: bool) -> None:
    node = next(each for each in managers if each.id == gone)
    assert nodes.survives([*managers, Node("w", "w")], node) is decides


def test_a_word_may_mean_an_id_a_name_or_a_context() -> None:
    first = Node("abcdef", "box", labels={nodes.CONTEXT: "east"})
    second = Node("abxyz", "box")
    for word, found in (
        ("abcdef", [first]),
        ("abcd", [first]),
        ("abc", []),
        ("east", [first]),
        ("box", [first, second]),
        ("nobody", []),
    ):
        assert nodes.named([first, second], word) == found
    assert nodes.labels([first, second]) == {"abcdef": "box (abcdef)", "abxyz": "box (abxyz)"}
