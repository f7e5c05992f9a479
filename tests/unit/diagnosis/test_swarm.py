"""Why a task of Swarm does not run: the engine's words, and what its manager knows, come to a cause and a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from upready.diagnosis.rules import swarm
from upready.diagnosis.rules.swarm import Task
from upready.runtime.swarm import nodes
from upready.runtime.swarm.fleet import Fleet
from upready.runtime.swarm.nodes import Node

ONE = Node("n1", "one", role="manager", cpus=2.0, memory=2**30, machine="x86_64", address="10.0.0.1")
TWO = Node("n2", "two", cpus=4.0, memory=2**30, machine="x86_64", address="10.0.0.2", labels={nodes.CONTEXT: "two"})
ID = f"sha256:{'0' * 64}"


class Way:
    restart = "invoke prod"

    def change(self, keys: Sequence[str], value: str = "") -> str:
        return f"change {'.'.join(keys)}, then: invoke prod"


def service(name: str = "shop_web", **spec: Any) -> dict[str, Any]:
    return {"ID": name, "Spec": {"Name": name, **spec}}


def placed(**placement: Any) -> dict[str, Any]:
    return service(TaskTemplate={"Placement": placement})


PORT = {"EndpointSpec": {"Ports": [{"PublishedPort": 80, "Protocol": "tcp", "PublishMode": "host"}]}}


@pytest.mark.parametrize(
    ("said", "wanted", "known", "cause", "message", "step"),
    [
        (
            "no suitable node (scheduling constraints not satisfied on 2 nodes)",
            placed(Constraints=["node.labels.disk==ssd"]),
            (ONE, TWO),
            "placement",
            "runs on no node: none meets the constraint node.labels.disk==ssd",
            "docker node update --label-add disk=ssd one",
        ),
        (
            "no suitable node (scheduling constraints not satisfied on 2 nodes)",
            placed(Constraints=["node.role==worker", "node.hostname==three"]),
            (ONE, TWO),
            "placement",
            "runs on no node: none meets the constraint node.hostname==three",
            "change deploy.placement.constraints, then: invoke prod",
        ),
        (
            "no suitable node (insufficient resources on 2 nodes)",
            service(TaskTemplate={"Resources": {"Reservations": {"NanoCPUs": 8_000_000_000}}}),
            (ONE, TWO),
            "placement",
            "runs on no node: none has so many CPUs free as it reserves",
            "change deploy.resources.reservations.cpus, then: invoke prod",
        ),
        (
            "no suitable node (unsupported platform on 2 nodes)",
            placed(Platforms=[{"OS": "linux", "Architecture": "arm64"}]),
            (ONE, TWO),
            "placement",
            "runs on no node: none is linux/arm64",
            "change platform, then: invoke prod",
        ),
        (
            "no suitable node (2 nodes not available for new tasks)",
            service(),
            (replace(ONE, availability="drain"), replace(TWO, state="down")),
            "placement",
            "runs on no node: each lacks something else",
            "invoke nodes --activate one",
        ),
        (
            f"No such image: {ID}",
            service(),
            (ONE, TWO),
            "image",
            "was refused on one, which has no image shop-web:r1",
            "docker context create one --docker host=ssh://10.0.0.1 && invoke nodes --add one",
        ),
        (
            "failed to set up container networking: driver failed programming external connectivity on endpoint "
            "shop_web.1: failed to bind host port for 0.0.0.0:80:172.18.0.2:8000/tcp: address already in use",
            service(),
            (ONE, TWO),
            "port",
            "was refused on one: port 80 there is taken by something that Swarm does not know",
            "change ports, then: invoke prod",
        ),
        (
            'invalid mount config for type "bind": bind source path does not exist: /srv/shop',
            service(),
            (ONE, TWO),
            "mount",
            "was refused on one, which has no /srv/shop",
            "make /srv/shop on every node, or use a volume, then: invoke prod",
        ),
        (
            "attaching to network failed, make sure your network options are correct and check manager logs: "
            "context deadline exceeded",
            service(),
            (ONE, TWO),
            "network",
            "was refused on one at 10.0.0.1, which its network does not reach",
            "allow TCP 2377, TCP and UDP 7946, and UDP 4789 between the nodes, then: invoke doctor",
        ),
        (
            "",
            service(
                TaskTemplate={"ContainerSpec": {"Mounts": [{"Type": "volume", "Source": "data", "Target": "/data"}]}}
            ),
            (replace(ONE, state="down", message="heartbeat failure"), TWO),
            "node",
            "ran on one, which does not answer; its data is in the volume data there, so it runs nowhere else",
            "start one again, then: invoke nodes",
        ),
        (
            "rpc error: code = Unknown desc = The swarm does not have a leader. It's possible that too few managers "
            "are online.",
            service(),
            (ONE, TWO),
            "quorum",
            "cannot be changed: the swarm has too few managers",
            "start the other managers again, then: invoke nodes",
        ),
    ],
    ids=lambda each: each[:40] if isinstance(each, str) else None,
)
def test_causes(
    said: str, wanted: dict[str, Any], known: tuple[Node, ...], cause: str, message: str, step: str
) -> None:
    found = swarm.judge(Task(said, wanted, "n1", "shop-web:r1"), Fleet(known, {}, ()), Way())
    assert found is not None
    assert (found.cause, found.message) == (cause, message)
    assert found.next.splitlines()[0] == step


def test_data_whose_node_does_not_answer_is_kept_from_two_writers() -> None:
    asleep = replace(ONE, state="down")
    mounts = {"ContainerSpec": {"Mounts": [{"Type": "volume", "Source": "shop_data"}]}}
    wanted = service(TaskTemplate={"Placement": {"Constraints": ["node.hostname==one"]}, **mounts})
    said = "no suitable node (scheduling constraints not satisfied on 1 node; 1 node not available for new tasks)"
    found = swarm.judge(swarm.Task(said, wanted), Fleet((asleep, TWO), {}, ()), Way())
    assert found is not None
    assert (found.cause, found.message) == ("node", "runs on no node: one alone may run it, and does not answer")
    assert "both would write the volume shop_data" in found.evidence[-1]
    assert found.next.startswith("after docker node update --availability pause one, start one again, then: ")
    # And: without data there is nothing to be kept
    plain = swarm.judge(
        swarm.Task(said, placed(Constraints=["node.hostname==one"])), Fleet((asleep, TWO), {}, ()), Way()
    )
    assert plain is not None
    assert plain.next == "start one again, then: invoke nodes"


def test_the_evidence_names_each_node() -> None:
    wanted = placed(Constraints=["node.role==worker"])
    wanted["Spec"]["TaskTemplate"]["Resources"] = {"Reservations": {"MemoryBytes": 2**31}}
    said = "no suitable node (scheduling constraints not satisfied on 1 node; insufficient resources on 1 node)"
    found = swarm.judge(Task(said, wanted), Fleet((ONE, TWO), {}, ()), Way())
    assert found is not None
    assert found.message == "runs on no node: none has so much memory free as it reserves"
    assert list(found.evidence) == [
        said,
        "one: the constraint node.role==worker does not hold; 1024 MiB of 1024 MiB free",
        "two: 1024 MiB of 1024 MiB free",
    ]


def test_a_port_that_another_service_has_on_every_node() -> None:
    edge = service("edge", **PORT)
    tasks = [{"ServiceID": "edge", "NodeID": each.id, "Status": {"State": "running"}} for each in (ONE, TWO)]
    said = "no suitable node (host-mode port already in use on 2 nodes)"
    found = swarm.judge(Task(said, service(**PORT)), Fleet((ONE, TWO), {"edge": edge}, tuple(tasks)), Way())
    assert found is not None
    assert found.message == "runs on no node: port 80 is taken on each"
    assert found.evidence[1] == "one: port 80 is taken by edge"


@pytest.mark.parametrize("said", ["", "task: non-zero exit (1)", "starting container failed: exec: no such file"])
def test_what_is_not_swarms_is_left_to_others(said: str) -> None:
    assert swarm.judge(Task(said, service(), "n1"), Fleet((ONE, TWO), {}, ()), Way()) is None
