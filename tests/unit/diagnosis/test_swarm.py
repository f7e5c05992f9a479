"""Why a task of Swarm does not run: the engine's words, and what its manager knows, come to a cause and a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.diagnosis.cases import Machine, replica
from upready.diagnosis.failure import Finding
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
            "no suitable node (scheduling constraints not satisfied on 2 nodes)",
            service(
                TaskTemplate={
                    "ContainerSpec": {
                        "Mounts": [
                            {"Type": "volume", "Source": "shop_data", "Target": "/data"},
                            {"Type": "volume", "Source": "shop_logs", "Target": "/logs"},
                        ]
                    },
                    "Placement": {"Constraints": ["node.id==gone"]},
                }
            ),
            (ONE, TWO),
            "node",
            "runs on no node: the one with its volume shop_data, shop_logs is in the swarm no more",
            "have that machine join again, by --add of: invoke --help nodes",
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
    assert (plain.cause, plain.next) == ("node", "start one again, then: invoke nodes")
    assert plain.message == "runs on no node: one alone may run it, and does not answer"
    assert plain.evidence[0] == said


def test_several_nodes_that_alone_may_run_it_and_do_not_answer() -> None:
    known = (
        replace(ONE, state="down"),
        replace(TWO, state="down"),
        replace(TWO, id="n3", name="three", role="manager"),
    )
    mounts = [{"Type": "volume", "Source": each} for each in ("shop_data", "shop_logs")]
    spec = {"Placement": {"Constraints": ["node.hostname!=three"]}}
    wanted = service(TaskTemplate={**spec, "ContainerSpec": {"Mounts": mounts}})
    said = "no suitable node (2 nodes not available for new tasks)"
    found = swarm.judge(swarm.Task(said, wanted), Fleet(known, {}, ()), Way())
    assert found is not None
    assert found.message == "runs on no node: one, two alone may run it, and do not answer"
    assert "both would write the volume shop_data, shop_logs" in found.evidence[-1]
    assert [each.split(",")[0] for each in found.next.splitlines()] == [
        "after docker node update --availability pause one",
        "after docker node update --availability pause two",
    ]
    plain = swarm.judge(swarm.Task(said, service(TaskTemplate=spec)), Fleet(known, {}, ()), Way())
    assert plain is not None
    assert plain.next == "start one, two again, then: invoke nodes"


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


# What each obstacle is called, and the step that goes with it.

NOWHERE = "no suitable node (unsupported on 2 nodes)"


def judged(said: str, wanted: dict[str, Any], known: Fleet, *, node: str = "", image: str = "shop-web:r1") -> Finding:
    """What is said of a task."""
    found = swarm.judge(Task(said, wanted, node, image), known, Way())
    assert found is not None
    return found


def fleet(*known: Node, **services: dict[str, Any]) -> Fleet:
    return Fleet(known or (ONE, TWO), services, ())


def reserving(**reserved: Any) -> dict[str, Any]:
    return service(TaskTemplate={"Resources": {"Reservations": reserved}})


@pytest.mark.parametrize(
    ("wanted", "message", "steps"),
    [
        (
            reserving(MemoryBytes=2**31),
            "runs on no node: none has so much memory free as it reserves",
            ["change deploy.resources.reservations.memory, then: invoke prod"],
        ),
        (
            reserving(GenericResources=[{"DiscreteResourceSpec": {"Kind": "gpu", "Value": 2}}]),
            "runs on no node: none has enough of gpu free",
            ["change deploy.resources.reservations.generic_resources, then: invoke prod"],
        ),
        (
            placed(Constraints=["node.labels.disk == ssd"]),
            "runs on no node: none meets the constraint node.labels.disk == ssd",
            [
                "docker node update --label-add disk=ssd one",
                "change deploy.placement.constraints, then: invoke prod",
            ],
        ),
        (
            placed(Constraints=["node.labels.disk!=", "node.labels.zone==a b"]),
            "runs on no node: none meets the constraint node.labels.disk!=",
            ["change deploy.placement.constraints, then: invoke prod"],
        ),
        (
            placed(Constraints=["node.labels.zone==a b"]),
            "runs on no node: none meets the constraint node.labels.zone==a b",
            [
                "docker node update --label-add 'zone=a b' one",
                "change deploy.placement.constraints, then: invoke prod",
            ],
        ),
    ],
    ids=str,
)
def test_what_all_nodes_lack(wanted: dict[str, Any], message: str, steps: list[str]) -> None:
    found = judged(NOWHERE, wanted, fleet())
    assert (found.cause, found.message, found.next.split("\n")) == ("placement", message, steps)


def tasks(*nodes_of: Node, of: str = "shop_web") -> tuple[dict[str, Any], ...]:
    return tuple({"ServiceID": of, "NodeID": each.id, "Status": {"State": "running"}} for each in nodes_of)


def test_nodes_that_have_as_many_replicas_as_allowed() -> None:
    wanted = placed(MaxReplicas=1)
    found = judged(NOWHERE, wanted, Fleet((ONE, TWO), {"shop_web": wanted}, tasks(ONE, TWO)))
    assert found.message == "runs on no further node: each has 1, as many as max_replicas_per_node allows"
    assert found.next.split("\n") == [
        "change deploy.replicas, then: invoke prod",
        "change deploy.placement.max_replicas_per_node, then: invoke prod",
    ]


def test_a_port_that_is_taken_on_every_node_has_two_ways_out() -> None:
    edge = service("edge", **PORT)
    known = Fleet((ONE, TWO), {"edge": edge}, tasks(ONE, TWO, of="edge"))
    assert judged(NOWHERE, service(**PORT), known).next.split("\n") == [
        "change deploy.replicas, then: invoke prod",
        "change ports, then: invoke prod",
    ]


@pytest.mark.parametrize(
    ("known", "message", "step"),
    [
        (
            (replace(ONE, availability="drain"), replace(TWO, availability="drain")),
            "runs on no node: 0 of 2 nodes take tasks",
            "invoke nodes --activate one",
        ),
        (
            (replace(ONE, state="down"), replace(TWO, state="down")),
            "runs on no node: 0 of 2 nodes take tasks",
            "invoke nodes",
        ),
        (
            (replace(ONE, state="down", availability="pause"), replace(TWO, state="down", availability="pause")),
            "runs on no node: 0 of 2 nodes take tasks",
            "invoke nodes",
        ),
    ],
    ids=str,
)
def test_nodes_that_take_no_tasks(known: tuple[Node, ...], message: str, step: str) -> None:
    found = judged(NOWHERE, service(), fleet(*known))
    assert (found.cause, found.message, found.next) == ("placement", message, step)


def test_a_node_that_takes_no_tasks_does_not_hide_what_the_others_lack() -> None:
    known = (ONE, replace(TWO, availability="pause"))
    found = judged(
        "assigned node no longer meets constraints", placed(Constraints=["node.role==worker"]), fleet(*known)
    )
    assert found.message == "runs on no node: none meets the constraint node.role==worker"
    assert list(found.evidence) == [
        "assigned node no longer meets constraints",
        "one: the constraint node.role==worker does not hold",
        "two: it is paused",
    ]


def test_nodes_that_lack_different_things() -> None:
    wanted = placed(Constraints=["node.hostname==two"])
    wanted["Spec"]["TaskTemplate"]["Resources"] = {"Reservations": {"NanoCPUs": 8_000_000_000}}
    known = (replace(ONE, cpus=16.0), TWO)
    found = judged(NOWHERE, wanted, fleet(*known))
    assert found.message == "runs on no node: each lacks something else"
    assert found.next.split("\n") == [
        "change deploy.placement.constraints, then: invoke prod",
        "change deploy.resources.reservations.cpus, then: invoke prod",
    ]


def test_a_swarm_that_has_changed_meanwhile() -> None:
    found = judged(NOWHERE, service(), fleet())
    assert (found.cause, found.message, found.next) == ("placement", "runs on no node", "invoke nodes")
    assert list(found.evidence) == [NOWHERE]
    assert judged(NOWHERE, service(), Fleet((), {}, ())).message == "runs on no node"


def test_a_label_is_given_to_a_node_that_takes_tasks() -> None:
    wanted = placed(Constraints=["node.labels.disk==ssd"])
    assert judged(NOWHERE, wanted, fleet(replace(ONE, availability="drain"), TWO)).next.startswith(
        "docker node update --label-add disk=ssd two\n"
    )


# What a node has refused.


@pytest.mark.parametrize(
    ("said", "image", "known", "message", "steps"),
    [
        (
            "No such image: shop-web:r1",
            "shop-web:r1",
            (ONE,),
            "was refused on one, which has no image shop-web:r1",
            ["invoke prod"],
        ),
        (
            "No such image: registry.test/web:1",
            "",
            (ONE,),
            "was refused on one, which has no image registry.test/web:1",
            [
                "docker login registry.test && invoke prod",
                "see to it that one reaches registry.test, then: invoke prod",
            ],
        ),
        (
            "pull access denied for web, repository does not exist",
            "",
            (ONE,),
            "was refused on one, which has no image web",
            ["invoke prod"],
        ),
        (
            "no such image",
            "registry.test/web:1",
            (),
            "was refused on its node, which has no image registry.test/web:1",
            [
                "docker login registry.test && invoke prod",
                "see to it that its node reaches registry.test, then: invoke prod",
            ],
        ),
        (
            f"No such image: {ID}",
            "shop-web:r1",
            (replace(TWO, id="n1"),),
            "was refused on two, which has no image shop-web:r1",
            ["invoke prod", "to have every node pull it: invoke env.set REGISTRY && invoke prod"],
        ),
        (
            f"No such image: {ID}",
            "shop-web:r1",
            (),
            "was refused on its node, which has no image shop-web:r1",
            ["invoke prod", "to have every node pull it: invoke env.set REGISTRY && invoke prod"],
        ),
        (
            f"No such image: {ID}",
            "shop-web:r1",
            (ONE,),
            "was refused on one, which has no image shop-web:r1",
            [
                "docker context create one --docker host=ssh://10.0.0.1 && invoke nodes --add one",
                "to have every node pull it: invoke env.set REGISTRY && invoke prod",
            ],
        ),
        (
            "No such image: web:1",
            "",
            (ONE,),
            "was refused on one, which has no image web:1",
            ["invoke prod"],
        ),
    ],
    ids=str,
)
def test_an_image_that_a_node_does_not_get(
    said: str, image: str, known: tuple[Node, ...], message: str, steps: list[str]
) -> None:
    found = judged(said, service(), Fleet(known, {}, ()), node="n1", image=image)
    assert (found.cause, found.message, found.next.split("\n")) == ("image", message, steps)
    assert list(found.evidence) == [said]


TAKEN = "Bind for 0.0.0.0:80 failed: port is already allocated"


@pytest.mark.parametrize(
    ("said", "node", "services", "message"),
    [
        (TAKEN, "n1", {"edge": service("edge", **PORT)}, "was refused on one: port 80 there is taken by edge"),
        (TAKEN, "", {}, "was refused on its node: port 80 there is taken by something that Swarm does not know"),
        (
            "listen tcp4 0.0.0.0:80: bind: address already in use",
            "n1",
            {"shop_web": service(**PORT), "plain": service("plain"), "bare": {"ID": "bare"}},
            "was refused on one: port 80 there is taken by something that Swarm does not know",
        ),
        (
            "failed to bind host port for 0.0.0.0:80:172.18.0.2:8000/tcp: address already in use",
            "n1",
            {"plain": service("plain"), "edge": service("edge", **PORT)},
            "was refused on one: port 80 there is taken by edge",
        ),
    ],
    ids=str,
)
def test_who_has_a_port(said: str, node: str, services: dict[str, Any], message: str) -> None:
    found = judged(said, service(**PORT), Fleet((ONE, TWO), services, ()), node=node)
    assert (found.cause, found.message, found.next) == ("port", message, "change ports, then: invoke prod")
    assert list(found.evidence) == [said]


def test_a_path_that_a_node_does_not_have() -> None:
    said = "bind source path does not exist: /srv/shop"
    found = judged(said, service(), fleet())
    assert found.message == "was refused on its node, which has no /srv/shop"
    assert list(found.evidence) == [said]


@pytest.mark.parametrize(
    ("known", "where"),
    [((ONE,), "one at 10.0.0.1"), ((replace(ONE, address=""),), "one"), ((), "its node")],
    ids=str,
)
@pytest.mark.parametrize(
    "said",
    [
        "network sandbox join failed",
        "could not find network",
        "could not find a network",
        "error creating vxlan interface",
        "network shop_default not found",
    ],
)
def test_a_node_that_a_network_does_not_reach(said: str, known: tuple[Node, ...], where: str) -> None:
    found = judged(said, service(), Fleet(known, {}, ()), node="n1")
    assert found.message == f"was refused on {where}, which its network does not reach"
    assert list(found.evidence) == [said]


def test_too_few_managers() -> None:
    found = judged("The swarm does not have a leader", service(), fleet())
    assert list(found.evidence) == ["The swarm does not have a leader"]


@pytest.mark.parametrize(
    ("said", "message", "evidence"),
    [("", "", []), ("lost it", "", ["lost it"]), ("lost it", "heartbeat failure", ["lost it", "heartbeat failure"])],
)
def test_a_node_that_does_not_answer(said: str, message: str, evidence: list[str]) -> None:
    found = judged(said, service(), fleet(replace(ONE, state="down", message=message)), node="n1")
    assert (found.cause, found.message) == ("node", "ran on one, which does not answer")
    assert found.next == "start one again, then: invoke nodes"
    assert list(found.evidence) == evidence


def test_several_volumes_of_a_node_that_does_not_answer() -> None:
    mounts = [{"Type": "volume", "Source": each, "Target": f"/{each}"} for each in ("data", "more")]
    wanted = service(TaskTemplate={"ContainerSpec": {"Mounts": mounts}})
    found = judged("", wanted, fleet(replace(ONE, state="down")), node="n1")
    assert found.message.endswith("; its data is in the volume data, more there, so it runs nowhere else")


# What its manager knows of a replica.


class Manager(Machine):
    """A manager of a swarm with one service; its nodes, one unless ids are given, have one name."""

    name = "swarm"

    def __init__(self, wanted: dict[str, Any], *ids: str) -> None:
        told = {"Description": {"Hostname": "one"}, "Status": {"State": "ready", "Addr": "10.0.0.1"}}
        known = [{"ID": each, **told} for each in ids or ("n1",)]
        super().__init__(services=lambda: [wanted], nodes=lambda: known, tasks=list)


def shown(engine: object, **given: Any) -> Finding | None:
    """What is said of a replica of a swarm."""
    known = {"slot": "shop_web.1", "node": "one", "error": "network sandbox join failed", "image": "shop-web:r1"}
    return swarm.find(replica(engine=engine, **{**known, **given}))


def test_a_replica_is_judged_by_what_its_manager_knows() -> None:
    found = shown(Manager(service()))
    assert found is not None
    assert found.message == "was refused on one at 10.0.0.1, which its network does not reach"
    found = shown(Manager(service()), node="gone")
    assert found is not None
    assert found.message == "was refused on its node, which its network does not reach"
    found = shown(Manager(service()), error="no such image")
    assert found is not None
    assert found.message == "was refused on one, which has no image shop-web:r1"


def test_of_several_nodes_with_one_name_none_is_said_to_be_the_one() -> None:
    found = shown(Manager(service(), "n1", "n2"))
    assert found is not None
    assert found.message == "was refused on its node, which its network does not reach"


def test_the_service_itself_does_not_take_its_own_port() -> None:
    found = shown(Manager(service(**PORT)), error=TAKEN)
    assert found is not None
    assert found.message.endswith("something that Swarm does not know")


@pytest.mark.parametrize(
    ("engine", "given"),
    [
        (Manager(service()), {"slot": "shop_other.1"}),
        (Manager(service()), {"there": False}),
        (Machine(), {}),
        (None, {}),
    ],
    ids=["another service", "no container", "no swarm", "no engine"],
)
def test_what_no_manager_knows_is_left_to_others(engine: object, given: dict[str, Any]) -> None:
    assert shown(engine, **given) is None


@pytest.mark.parametrize(
    ("volume", "node", "gone"), [("data", "n3", True), ("", "n3", False), ("data", "n2", False), ("data", "", False)]
)
def test_data_on_a_node_that_was_removed(volume: str, node: str, gone: bool) -> None:
    mounts = [{"Type": "volume", "Source": volume, "Target": "/data"}]
    held = [f"node.id=={node}"] if node else ["node.hostname==three"]
    spec = {"ContainerSpec": {"Mounts": mounts}, "Placement": {"Constraints": held}}
    said = "no suitable node (scheduling constraints not satisfied on 2 nodes)"
    found = swarm.judge(Task(said, service(TaskTemplate=spec)), Fleet((ONE, TWO), {}, ()), Way())
    assert found is not None
    assert (found.cause == "node" and "is in the swarm no more" in found.message) is gone
    if gone:
        assert found.evidence == [said]
        assert found.next.splitlines() == [
            "have that machine join again, by --add of: invoke --help nodes",
            "invoke prod",
        ]
