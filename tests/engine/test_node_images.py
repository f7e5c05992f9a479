"""Images reach every node of a real swarm that may run them: sent over its context, or through a real registry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine import registry as registries
from tests.engine.three_nodes import NETWORK, SMALL, Swarm, begun, until
from upready.engine.elsewhere import Place
from upready.runtime.swarm import images, nodes, registry
from upready.runtime.swarm.nodes import Node
from upready.runtime.swarm.registry import Pushed
from upready.support.errors import StartError

pytestmark = [pytest.mark.engine, pytest.mark.slow]

IMAGE = "shop-web:r1"
REGISTRY = f"{NETWORK}.1:5000"


@pytest.fixture(scope="module")
def swarm() -> Iterator[Swarm]:
    """Three nodes, each known by its context; the manager alone has an image."""
    for made in begun():
        made.fill_small([0])
        made.machines[0].client.images.get(SMALL).tag(IMAGE)
        for node in made.api.nodes():
            nodes.change(made.api, node["ID"], Labels={nodes.CONTEXT: node["Description"]["Hostname"]})
        with pytest.MonkeyPatch.context() as patch:
            for name, value in made.environment.items():
                patch.setenv(name, value)
            yield made


@pytest.fixture
def here(swarm: Swarm) -> Place:
    """The manager's engine."""
    return Place(swarm.machines[0].client, "the manager")


def spec(name: str, image: str, *constraints: str) -> dict[str, Any]:
    container = {"Image": image, "Command": ["sleep", "infinity"], "Init": True}
    task = {"ContainerSpec": container, "Placement": {"Constraints": list(constraints)}}
    return {"Name": name, "TaskTemplate": task, "Mode": {"Global": {}}}


def everyone(swarm: Swarm) -> list[Node]:
    return nodes.every(swarm.api)


def deployed(swarm: Swarm, wanted: dict[str, Any], image: str, count: int) -> None:
    """Make a service of one task a node, see all run, and remove it."""
    api = swarm.api
    wanted["TaskTemplate"]["ContainerSpec"]["Image"] = image
    headers = registry.credentials(api, image)
    api._result(api._post_json(api._url("/services/create"), data=wanted, headers=headers))
    try:
        swarm.running(wanted["Name"], count)
    finally:
        api.remove_service(wanted["Name"])
        until(lambda: not [each for each in api.tasks() if each["Status"]["State"] == "running"])


def has(swarm: Swarm, number: int, image: str) -> bool:
    return Place(swarm.machines[number].client, "").image(image) is not None


def test_images_are_sent_to_the_nodes_that_may_run_them(swarm: Swarm, here: Place) -> None:
    own, second, third = (each.id for each in swarm.machines)
    told: list[str] = []
    # When: a service may run on the third node only
    named = images.to_nodes(here, [spec("web", IMAGE, f"node.id=={third}")], everyone(swarm), told.append, own=own)
    # Then
    assert (has(swarm, 1, IMAGE), has(swarm, 2, IMAGE)) == (False, True)
    assert len(told) == 1
    assert told[0].startswith(f"{IMAGE} is sent to node3: ")
    # When: it may run on all
    named = images.to_nodes(here, [spec("web", IMAGE)], everyone(swarm), told.append, own=own)
    # Then: only what is not there is sent; each node runs it without asking any registry
    assert [each.split(":r1 is sent to ")[1][:5] for each in told] == ["node3", "node2"]
    assert named == {IMAGE: here.client.images.get(IMAGE).id}
    deployed(swarm, spec("web", IMAGE), named[IMAGE], 3)
    # When: a node is not known by a context, or by that of another one
    nodes.change(swarm.api, second, Labels={nodes.CONTEXT: ""})
    swarm.machines[1].client.images.remove(IMAGE, force=True)
    with pytest.raises(StartError, match="cannot be brought to node2: no docker context") as caught:
        images.to_nodes(here, [spec("web", IMAGE)], everyone(swarm), told.append, own=own)
    nodes.change(swarm.api, second, Labels={nodes.CONTEXT: "node3"})
    with pytest.raises(StartError, match=r"leads to .*, which is not the node node2"):
        images.to_nodes(here, [spec("web", IMAGE)], everyone(swarm), told.append, own=own)
    nodes.change(swarm.api, second, Labels={nodes.CONTEXT: "node2"})
    # Then
    assert "invoke nodes --add node2" in caught.value.next
    assert len(told) == 2


def test_images_go_through_a_registry_that_asks_who_one_is(
    swarm: Swarm, here: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import docker

    if problem := registries.problem():
        pytest.skip(problem)
    told: list[str] = []
    client = swarm.machines[0].client
    with registries.serving(tmp_path / "registry", REGISTRY, swarm.bridge.inside):
        # When: nobody has logged in
        until(lambda: "connection refused" not in refusal(here, told))
        assert refusal(here, told).startswith("the registry 10.99.0.1:5000 has not taken shop-web:r1")
        # When
        registries.log_in(swarm.home / "config.json", REGISTRY)
        monkeypatch.setenv("DOCKER_CONFIG", str(swarm.home))
        for each in swarm.machines:
            each._client = docker.DockerClient(base_url=each.url, timeout=60)
        here = Place(swarm.machines[0].client, "the manager")
        pushed = image(here)
        named = registry.push(here, [pushed], REGISTRY, told.append)[pushed.name]
        # Then: every node pulls it by its digest, with that log-in
        assert named.startswith(f"{REGISTRY}/shop-web@sha256:")
        for number in (1, 2):
            for tag in swarm.machines[number].client.images.list():
                swarm.machines[number].client.images.remove(tag.id, force=True)
        deployed(swarm, spec("web", IMAGE), named, 3)
        assert has(swarm, 1, named)
        assert registries.PASSWORD not in " ".join(told)
    client.close()


def image(here: Place) -> Pushed:
    """The image as it goes to the registry."""
    return Pushed(str((here.image(IMAGE) or {})["Id"]), IMAGE, registry.place(IMAGE, REGISTRY))


def refusal(here: Place, told: list[str]) -> str:
    """Why the registry does not take an image."""
    with pytest.raises(StartError) as caught:
        registry.push(here, [image(here)], REGISTRY, told.append)
    assert caught.value.code == 6
    return f"{caught.value.message}; {caught.value.details}; {caught.value.next}"
