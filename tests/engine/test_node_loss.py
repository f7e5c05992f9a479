"""Where data is made, found again and lost on three real nodes: by constraints, by `stop`, and with a lost node."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import Project
from tests.engine.three_nodes import SMALL, Swarm, begun, until
from tests.engine.twins import bare
from upready.runtime.swarm import nodes

pytestmark = [pytest.mark.engine, pytest.mark.nightly, pytest.mark.timeout(900)]

DECLARED = "declared:1"
"""`SMALL`, with a `VOLUME`."""

COMPOSE = f"""
services:
  files:
    image: {DECLARED}
    command: ["sh", "-c", "trap 'exit 0' TERM; touch /files/alive; sleep 9999 & wait"]
    volumes: ["files:/files"]
    networks: [back]
    stop_grace_period: 1s
    deploy: {{placement: {{constraints: ["${{WHERE:-node.role==worker}}"]}}}}
    x-ops: {{stable: 0}}
volumes: {{files: {{}}}}
networks: {{back: {{attachable: "${{ATTACHABLE:-false}}"}}}}
"""

ANYWHERE = {"WHERE": "node.platform.os==linux"}

SETTINGS = "ops: {environments: {prod: {files: [compose.yaml], runtime: swarm, timeout: 120}}}\n"


@pytest.fixture(scope="module")
def swarm() -> Iterator[Swarm]:
    """Three nodes, of which the first two are known by their contexts from here."""
    for made in begun():
        made.fill_small()
        client = made.machines[0].client
        held = client.containers.create(SMALL)
        held.commit("declared", "1", changes="VOLUME /declared")
        held.remove()
        for node in made.api.nodes():
            nodes.change(made.api, node["ID"], Labels={nodes.CONTEXT: node["Description"]["Hostname"]})
        yield made


@pytest.fixture(scope="module")
def project(swarm: Swarm, tmp_path_factory: pytest.TempPathFactory) -> Project:
    root: Path = tmp_path_factory.mktemp("stack")
    made = bare(root, "loss", swarm.environment)
    made.write("compose.yaml", COMPOSE)
    made.write("invoke.yaml", SETTINGS)
    return made


def place(swarm: Swarm) -> int:
    """The place of the machine on which the service runs."""
    (task,) = swarm.running("loss_files", 1)
    return next(at for at, each in enumerate(swarm.machines) if each.id == task["NodeID"])


def listed(project: Project) -> set[str]:
    return {*project.ok("exec", "files", "--", "ls", "-A", "/files").out.split()}


def state(swarm: Swarm, name: str) -> str:
    named = {each["Description"]["Hostname"]: each["Status"]["State"] for each in swarm.api.nodes()}
    return str(named.get(name))


def test_data_is_made_where_the_service_may_run_and_found_there_again(swarm: Swarm, project: Project) -> None:
    # When: the service may not run on the manager
    first = project.ok("prod")
    # Then: it runs, and what its image keeps without a name is told
    at = place(swarm)
    assert at != 0
    assert f"files stays on the node {swarm.machines[at].name}, which gets its data (loss_files)" in first.err
    assert "files keeps what it writes to /declared only as long as its task" in first.err
    project.ok("exec", "files", "--", "sh", "-c", "echo kept >/files/kept")
    # When: it may run anywhere
    project.ok("prod", env=ANYWHERE)
    assert (place(swarm), "kept" in listed(project)) == (at, True)
    # When: it was removed, and nothing but the volume tells where it was
    project.ok("stop")
    project.ok("prod", env=ANYWHERE)
    assert (place(swarm), "kept" in listed(project)) == (at, True)


def test_settings_of_a_network_that_do_not_count_yet_are_told(project: Project) -> None:
    done = project.ok("prod", env={**ANYWHERE, "ATTACHABLE": "true"})
    assert "the network back stays as it was made, and attachable of the compose file counts once" in done.err
    project.ok("stop")
    done = project.ok("prod", env={**ANYWHERE, "ATTACHABLE": "true"})
    assert "stays as it was made" not in done.err
    project.ok("stop")
    project.ok("prod", env=ANYWHERE)


def test_a_volume_without_a_name_is_refused(project: Project) -> None:
    whole = COMPOSE.replace('["files:/files"]', '["files:/files", "/more"]')
    project.write("compose.yaml", whole)
    try:
        refused = project.invoke("prod", env=ANYWHERE)
        assert (refused.code, "files: volumes.source (/more): a volume without a name is new" in refused.err) == (
            2,
            True,
        )
        assert "invoke prod --accept-loss volumes.source" in refused.err
        accepted = project.invoke("prod", "--dry", "--accept-loss", "volumes.source", env=ANYWHERE)
        assert accepted.code == 0, accepted.err
    finally:
        project.write("compose.yaml", COMPOSE)


def test_a_lost_node_with_data_is_forgotten_and_found_again_only_as_that_is_said(
    swarm: Swarm, project: Project
) -> None:
    at = place(swarm)
    machine = swarm.machines[at]
    # When: its machine is gone
    machine.end(signal.SIGKILL)
    until(lambda: state(swarm, machine.name) == "down")
    refused = project.invoke("nodes", "--remove", machine.name)
    # Then: it is not forgotten with its data without a word
    assert refused.code == 2, refused.err
    assert f"{machine.name} does not answer, and data lies there that no other node has" in refused.err
    assert "loss_files: loss_files" in refused.err
    assert "--yes" in refused.err
    assert state(swarm, machine.name) == "down"
    # When: that is said. Then: a release does not begin without the data
    gone = project.ok("nodes", "--remove", machine.name, "--yes")
    assert f"stays on the disk of {machine.name}: loss_files: loss_files" in gone.err + gone.out
    refused = project.invoke("prod", env=ANYWHERE)
    assert refused.code == 2, refused.err
    assert "the node that has the data of files is in the swarm no more" in refused.err
    # When: the machine joins again, as another node. Then: the service goes where its data is
    machine.begin()
    machine.client.swarm.leave(force=True)
    project.ok("nodes", "--add", machine.name)
    project.ok("prod", env=ANYWHERE)
    assert (place(swarm), "kept" in listed(project)) == (at, True)


def test_a_service_begins_without_its_data_where_that_is_accepted(swarm: Swarm, project: Project) -> None:
    at = place(swarm)
    machine = swarm.machines[at]
    machine.end(signal.SIGKILL)
    until(lambda: state(swarm, machine.name) == "down")
    project.ok("nodes", "--remove", machine.name, "--yes")
    done = project.ok("prod", "--accept-loss", "files.volumes", env=ANYWHERE)
    assert "invoke restore latest --service files" in done.err
    assert (place(swarm) != at, "kept" in listed(project)) == (True, False)
    # And: from then on it stays there
    project.ok("prod", env=ANYWHERE)
