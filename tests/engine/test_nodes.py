"""`invoke nodes` on a real swarm of three machines: it shows, adds, empties and removes them, and loses no request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.conftest import Project
from tests.engine.three_nodes import SMALL, Swarm, begun, until
from tests.engine.twins import bare
from upready.runtime.swarm import nodes

pytestmark = [pytest.mark.engine, pytest.mark.slow]

IMAGE = SMALL

SERVER = "trap 'exit 0' TERM; httpd -f -p 8000 -h /www & wait"

CALLER = """
sent=0; lost=0
while [ ! -e /tmp/stop ]; do
  sent=$((sent + 1))
  [ "$(wget -q -T 5 -O - http://front:8000/index.html)" = yes ] || { lost=$((lost + 1)); echo "lost $sent"; }
  [ $sent != 1 ] || echo begun
done
echo "$sent $lost"
"""
"""It asks without a pause, each time on a new connection, and counts."""


@pytest.fixture(scope="module")
def swarm() -> Iterator[Swarm]:
    """Three machines that have their images; the third is not in the swarm yet."""
    for made in begun(joined=2):
        made.fill_small()
        made.api.create_network("mesh", driver="overlay", attachable=True)
        yield made


@pytest.fixture(scope="module")
def project(swarm: Swarm, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """An empty project, whose tasks ask the manager."""
    root = tmp_path_factory.mktemp("nodes")
    (root / "compose.yaml").write_text(f"services: {{web: {{image: {IMAGE}}}}}\n", encoding="utf-8")
    return bare(root, "nodes", swarm.environment)


def serve(swarm: Swarm, name: str, *, replicas: int = 1, **more: Any) -> str:
    """A service of the swarm, once it runs; returns its id."""
    container = {
        "Image": swarm.api.inspect_image(IMAGE)["Id"],
        "Command": ["sh", "-c", SERVER],
        "Healthcheck": {
            "Test": ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8000/index.html"],
            "Interval": 500_000_000,
            "StartPeriod": 30_000_000_000,
            "StartInterval": 100_000_000,
        },
        **more.pop("container", {}),
    }
    task = {"ContainerSpec": container, "Networks": [{"Target": "mesh", "Aliases": [name]}], **more.pop("task", {})}
    spec = {
        "Name": name,
        "TaskTemplate": task,
        "Mode": {"Replicated": {"Replicas": replicas}},
        "EndpointSpec": {"Mode": "dnsrr"},
        **more,
    }
    api = swarm.api
    made = str(api._result(api._post_json(api._url("/services/create"), data=spec), json=True)["ID"])
    if replicas:
        swarm.running(name, replicas)
    return made


@pytest.fixture
def services(swarm: Swarm) -> Iterator[Any]:
    """Make services; they are removed afterwards, and all nodes have tasks again."""
    made: list[str] = []

    def make(name: str, **more: Any) -> str:
        made.append(name)
        return serve(swarm, name, **more)

    yield make
    for name in made:
        swarm.api.remove_service(name)
    for each in swarm.api.nodes():
        nodes.change(swarm.api, each["ID"], Availability="active")


def listed(project: Project) -> dict[str, Any]:
    return {each["name"]: each for each in project.ok("nodes", "--json").json["nodes"]}


@pytest.mark.nightly
def test_a_machine_joins_with_the_images_that_it_needs_and_the_token_is_never_told(
    swarm: Swarm, project: Project, services: Any
) -> None:
    # Given: a service whose image no registry has, and a machine that does not have it
    third = swarm.machines[2]
    services("web")
    third.client.images.remove(IMAGE, force=True)
    # When: it joins, and one that is in the swarm already is told its context
    assert not project.ok("--dry", "nodes", "--add", "node3").err
    done = project.ok("nodes", "--add", "node3")
    project.ok("nodes", "--add", "node2")
    # Then: it is a node, known by its context, and has the image
    assert "SWMTKN" not in done.out + done.err
    found = listed(project)
    assert sorted(found) == ["node1", "node2", "node3"]
    assert {(each["state"], each["availability"]) for each in found.values()} == {("ready", "active")}
    assert [found[name]["context"] for name in sorted(found)] == [None, "node2", "node3"]
    assert found["node3"]["address"] == third.address
    assert found["node3"]["engine_version"] == third.client.version()["Version"]
    image = swarm.api.inspect_service("web")["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"]
    assert third.client.images.get(image).tags == [IMAGE]


@pytest.mark.nightly
def test_a_node_is_emptied_without_losing_a_request(swarm: Swarm, project: Project, services: Any) -> None:
    # Given: a service on two nodes, and somebody who calls it from the first one
    join_all(swarm, project)
    first = swarm.machines[0]
    services("front", replicas=2, task={"Placement": {"Constraints": ["node.role==worker"], "MaxReplicas": 2}})
    before = swarm.api.inspect_service("front")["Spec"]
    where = {each["NodeID"] for each in swarm.tasks("front")}
    leaving = next(each for each in swarm.machines if each.id in where)
    caller = first.client.containers.run(IMAGE, ["sh", "-c", CALLER], network="mesh", detach=True)
    try:
        until(lambda: b"begun" in caller.logs())
        # When
        done = project.ok("nodes", "--drain", leaving.name, "--json")
        # Then: all was answered
        caller.exec_run(["touch", "/tmp/stop"])
        caller.wait()
        sent, lost = map(int, caller.logs().decode().splitlines()[-1].split())
        assert lost == 0, caller.logs().decode()
        assert sent > 100
    finally:
        caller.remove(force=True)
    # And: nothing runs there, the other task is where it was, and the service is as before
    (drained,) = [each for each in done.json["nodes"] if each["name"] == leaving.name]
    assert (drained["availability"], drained["tasks"]) == ("drain", {})
    assert leaving.id not in {each["NodeID"] for each in swarm.running("front", 2)}
    assert swarm.api.inspect_service("front")["Spec"] == before
    # When: it is to have tasks again
    project.ok("nodes", "--activate", leaving.name)
    assert listed(project)[leaving.name]["availability"] == "active"


@pytest.mark.nightly
def test_a_node_with_data_is_not_emptied_and_nothing_is_changed(swarm: Swarm, project: Project, services: Any) -> None:
    # Given
    join_all(swarm, project)
    second = swarm.machines[1]
    mounts = [{"Type": "volume", "Source": "shop_data", "Target": "/data"}]
    services("db", container={"Mounts": mounts}, task={"Placement": {"Constraints": [f"node.id=={second.id}"]}})
    task = swarm.tasks("db")[0]["ID"]
    # When
    refused = project.invoke("nodes", "--drain", "node2")
    # Then
    assert refused.code == 2
    assert "db keeps its data in the local volume shop_data" in refused.err
    assert "next: invoke backup && docker service scale db=0" in refused.err
    assert listed(project)["node2"]["availability"] == "active"
    assert [each["ID"] for each in swarm.tasks("db")] == [task]


@pytest.mark.nightly
def test_a_service_that_is_not_ready_elsewhere_stays_where_it_is(swarm: Swarm, project: Project, services: Any) -> None:
    # Given: a service that works on one node only: it needs a file that the others do not have
    join_all(swarm, project)
    second, third = swarm.machines[1:]
    services("api", task={"Placement": {"Constraints": [f"node.id=={second.id}"]}})
    found = swarm.api.inspect_service("api")
    spec = found["Spec"]
    spec["TaskTemplate"]["Placement"] = {"Constraints": ["node.role==worker"]}
    spec["UpdateConfig"] = {"Parallelism": 1, "Monitor": 1_000_000_000}
    url = swarm.api._url("/services/{0}/update", found["ID"])
    swarm.api._result(swarm.api._post_json(url, data=spec, params={"version": found["Version"]["Index"]}))
    third.client.images.remove(IMAGE, force=True)
    task = swarm.running("api", 1)[0]["ID"]
    # When
    failed = project.invoke("nodes", "--drain", "node2", "--timeout", "60s")
    # Then
    assert failed.code == 7, failed.err
    assert "api is not ready on another node, so it stays on node2" in failed.err
    assert "o such image" in failed.err
    assert listed(project)["node2"]["availability"] == "active"
    assert swarm.running("api", 1)[0]["ID"] == task
    assert swarm.api.inspect_service("api")["Spec"]["TaskTemplate"]["Placement"] == {
        "Constraints": ["node.role==worker"]
    }
    swarm.fill_small()


@pytest.mark.nightly
def test_a_node_leaves_and_the_last_manager_does_not(swarm: Swarm, project: Project, services: Any) -> None:
    # Given
    join_all(swarm, project)
    services("shop", replicas=2)
    # When
    refused = project.invoke("nodes", "--remove", "node1")
    done = project.ok("nodes", "--remove", "node3", "--json")
    # Then
    assert refused.code == 2
    assert "it is the only manager" in refused.err
    assert [each["name"] for each in done.json["nodes"]] == ["node1", "node2"]
    assert swarm.machines[2].client.info()["Swarm"]["LocalNodeState"] == "inactive"
    swarm.running("shop", 2)


@pytest.mark.nightly
def test_the_doctor_looks_at_every_node(swarm: Swarm, project: Project) -> None:
    # Given: a node that is known by its context, and one that is not
    join_all(swarm, project)
    nodes.change(swarm.api, swarm.machines[2].id, Labels={nodes.CONTEXT: ""})
    # When
    found = project.invoke("doctor", "--json").json["findings"]
    # Then
    told = {each["message"]: each["fix"] for each in found if each["subject"] == "swarm"}
    version = swarm.machines[1].client.version()["Version"]
    assert f"node2: worker at {swarm.machines[1].address}, Docker {version}" in told
    alone = "one manager: when it is lost, nothing can be changed; three bear the loss of one"
    assert told[alone] == "docker node promote node2"
    (unknown,) = (message for message in told if "no docker context is known that leads to node3" in message)
    assert told[unknown].endswith("invoke nodes --add node3")


@pytest.mark.nightly
def test_what_cannot_be_meant_is_refused(project: Project, swarm: Swarm) -> None:
    for words, code, said in (
        (["--add", "nobody"], 2, "there is no docker context 'nobody'"),
        (["--drain", "nod2"], 2, "there is no node 'nod2'; did you mean node2?"),
        (["--host", swarm.machines[1].url], 2, "is a worker"),
    ):
        refused = project.invoke("nodes", *words)
        assert (refused.code, said in refused.err) == (code, True), refused.err


def join_all(swarm: Swarm, project: Project) -> None:
    """Have every machine in the swarm, known by its context, whatever the test before has left."""
    third = swarm.machines[2]
    if not third.id:
        project.ok("nodes", "--add", third.name)
    for each in swarm.machines:
        nodes.change(swarm.api, each.id, Labels={nodes.CONTEXT: each.name})
