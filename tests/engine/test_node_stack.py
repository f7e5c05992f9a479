"""A stack on three real nodes: images reach each of them, sent or through a registry; what finds no node is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine import registry
from tests.engine.conftest import Project
from tests.engine.three_nodes import NETWORK, SMALL, Swarm, begun
from tests.engine.twins import bare
from upready.runtime.swarm import nodes

pytestmark = [pytest.mark.engine, pytest.mark.nightly]

COMPOSE = f"""
services:
  web:
    image: {SMALL}
    command: ["sh", "-c", "trap 'exit 0' TERM; httpd -f -p 8000 -h /www & wait"]
    environment: {{VERSION: "${{VERSION:-1}}"}}
    stop_grace_period: 1s
    healthcheck:
      test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1:8000/index.html"]
      interval: 1s
      timeout: 20s
      start_period: 60s
      start_interval: 300ms
    deploy:
      replicas: 3
      update_config: {{monitor: 1s, parallelism: 3}}
      placement: {{max_replicas_per_node: 1, constraints: ["node.labels.disk!=${{AVOID:-none}}"]}}
"""

SETTINGS = "ops: {environments: {prod: {files: [compose.yaml], runtime: swarm, timeout: 200}}}\n"


@pytest.fixture(scope="module")
def swarm() -> Iterator[Swarm]:
    """Three nodes, known by their contexts; the manager alone has the image."""
    for made in begun():
        made.fill_small([0])
        for node in made.api.nodes():
            context = {nodes.CONTEXT: node["Description"]["Hostname"], "disk": "hdd"}
            nodes.change(made.api, node["ID"], Labels=context)
        yield made


@pytest.fixture(scope="module")
def project(swarm: Swarm, tmp_path_factory: pytest.TempPathFactory) -> Project:
    root: Path = tmp_path_factory.mktemp("stack")
    made = bare(root, "stack", swarm.environment)
    made.write("compose.yaml", COMPOSE)
    made.write("invoke.yaml", SETTINGS)
    return made


def test_a_stack_runs_on_every_node_and_goes_back_where_no_node_fits(swarm: Swarm, project: Project) -> None:
    # When: it is released
    done = project.ok("prod", "--json")
    # Then: each node runs it, by the image that it was sent
    assert {each["node"] for each in done.json["services"]} == {"node1", "node2", "node3"}
    image = swarm.machines[0].client.images.get(SMALL).id
    assert [each.client.images.get(SMALL).id for each in swarm.machines] == [image] * 3
    spec = swarm.api.inspect_service("stack_web")["Spec"]
    assert spec["TaskTemplate"]["ContainerSpec"]["Image"] == image
    # And: the same again changes nothing
    before = {each["ID"] for each in swarm.running("stack_web", 3)}
    project.ok("prod")
    assert {each["ID"] for each in swarm.running("stack_web", 3)} == before
    # When: a release may run on no node
    failed = project.invoke("prod", env={"AVOID": "hdd"})
    # Then: it goes back, and what none of them has is told
    assert failed.code == 8, failed.err
    assert "none meets the constraint node.labels.disk!=hdd" in failed.err
    assert "node2: the constraint node.labels.disk!=hdd does not hold" in failed.err
    swarm.running("stack_web", 3)


def test_every_node_pulls_from_the_registry_that_env_names(swarm: Swarm, project: Project, tmp_path: Path) -> None:
    if problem := registry.problem():
        pytest.skip(problem)
    others = swarm.machines[1:]
    address = f"{NETWORK}.1:5000"
    project.ok("prod")
    project.write(".env", f"REGISTRY={address}/team\n")
    (project.root / ".env").chmod(0o600)
    with registry.serving(tmp_path / "registry", address, swarm.bridge.inside):
        # When: nobody has logged in. Then: the release ends before anything is changed, and says how to
        refused = project.invoke("prod", "--json")
        assert refused.code == 6, refused.err
        assert refused.json["error"]["next"].startswith(f"docker login {address}")
        # When
        registry.log_in(swarm.home / "config.json", address)
        for each in others:
            each.client.images.remove(SMALL, force=True)
        done = project.ok("prod", "--json")
        # Then: what ran by an id runs by its digest there, on every node, whose engines nobody has logged in
        image = f"{address}/team/small@sha256:"
        spec = swarm.api.inspect_service("stack_web")["Spec"]["TaskTemplate"]["ContainerSpec"]
        assert spec["Image"].startswith(image)
        assert {each["node"] for each in done.json["services"]} == {"node1", "node2", "node3"}
        for each in others:
            assert each.client.images.get(spec["Image"])
        # And: the same again changes nothing, and going back and forth pushes and pulls as well
        before = {each["ID"] for each in swarm.running("stack_web", 3)}
        assert project.ok("prod", "--json").json["release"] == done.json["release"]
        assert {each["ID"] for each in swarm.running("stack_web", 3)} == before
        project.ok("prod", env={"VERSION": "2"})
        project.ok("rollback")
        again = swarm.api.inspect_service("stack_web")["Spec"]["TaskTemplate"]["ContainerSpec"]
        assert (again["Image"], again["Env"]) == (spec["Image"], ["VERSION=1"])
        told = "".join(each.out + each.err for each in (refused, done))
        assert registry.PASSWORD not in told
