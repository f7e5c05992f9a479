"""What happens on another node than the manager's own is judged as soon, and told as well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import Project
from tests.engine.swarm_served import known
from tests.engine.three_nodes import Swarm, until
from tests.engine.twins import bare

pytestmark = [pytest.mark.engine, pytest.mark.nightly, pytest.mark.timeout(600)]

IMAGE = "python:3.13-slim"
TIMEOUT = 150
"""Seconds that each release may take; what is judged soon ends long before."""

WELL = f"""
services:
  well:
    image: {IMAGE}
    command: [sleep, "3600"]
    init: true
    x-ops: {{stable: 0}}
    deploy: {{mode: global}}
"""

AWAY = """
services:
  away:
    image: python:3.13-slim
    command: [python, -c, "%s"]
    init: true
    %s
    deploy: {placement: {constraints: ["node.hostname==node2"]}, restart_policy: {delay: 200ms}%s}
"""

CASES = [
    pytest.param(
        AWAY % ("import time; time.sleep(1); raise SystemExit('no table users')", "", ""),
        "exited",
        "exited with code 1, restarted",
        id="crash loop",
    ),
    pytest.param(
        AWAY
        % (
            "import time; time.sleep(0.5); x = bytearray(300_000_000); time.sleep(60)",
            "",
            ", resources: {limits: {memory: 40M}}",
        ),
        "oom",
        "ran out of memory",
        id="out of memory",
    ),
    pytest.param(
        AWAY % ("import time; time.sleep(60)", 'ports: [{target: 9090, published: "9090", mode: host}]', ""),
        "port",
        "was refused on node2: port 9090 there is taken by something that Swarm does not know",
        id="port taken",
    ),
    pytest.param(
        # Its program ends well when it is told to end: Swarm calls the task complete.
        AWAY
        % (
            "import signal, time; signal.signal(15, lambda *_: exit(0)); time.sleep(60)",
            'healthcheck: {test: [CMD, sh, -c, "echo no database; exit 1"], interval: 500ms, retries: 2}',
            "",
        ),
        "unhealthy",
        "is unhealthy: no database",
        id="unhealthy",
    ),
]


@pytest.fixture(scope="module")
def swarm() -> Iterator[Swarm]:
    yield from known()


@pytest.fixture(scope="module")
def project(swarm: Swarm, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A stack that is well; `more.yaml` is what a test adds."""
    root: Path = tmp_path_factory.mktemp("away")
    made = bare(root, "away", swarm.environment)
    made.write("compose.yaml", WELL)
    made.write("more.yaml", "services: {}\n")
    settings = f"{{prod: {{files: [compose.yaml, more.yaml], runtime: swarm, timeout: {TIMEOUT}}}}}"
    made.write("invoke.yaml", f"ops: {{environments: {settings}}}\n")
    made.ok("prod")
    return made


@pytest.mark.parametrize(("text", "cause", "words"), CASES)
def test_what_another_node_knows_is_told_soon(
    swarm: Swarm, project: Project, text: str, cause: str, words: str, request: pytest.FixtureRequest
) -> None:
    machine = swarm.machines[1]
    if "9090" in text:
        taker = machine.client.containers.run(IMAGE, ["sleep", "600"], detach=True, ports={"9090/tcp": 9090})
        request.addfinalizer(lambda: taker.remove(force=True))
    project.write("more.yaml", text)
    # When
    ended = project.invoke("prod", "--json")
    # Then: the release is taken back, long before time is up
    assert ended.code == 8, ended.err
    assert words in ended.json["error"]["message"]
    assert cause in {each["cause"] for each in ended.json["failures"]}
    assert ended.json["ready_in"] < TIMEOUT / 2
    project.ok("health")


def test_a_node_that_does_not_answer_has_no_replicas(swarm: Swarm, project: Project) -> None:
    project.write("more.yaml", "services: {}\n")
    project.ok("prod")
    swarm.bridge.cut(3)
    try:
        until(lambda: "down" in {each["Status"]["State"] for each in swarm.api.nodes()})
        found = project.ok("health", "--json")
    finally:
        swarm.bridge.mend(3)
    assert {each["node"] for each in found.json["services"]} == {"node1", "node2"}
    assert "the node node3 does not answer" in found.err
    until(lambda: [each["Status"]["State"] for each in swarm.api.nodes()] == ["ready"] * 3)
    assert {each["node"] for each in project.ok("health", "--wait", "30", "--json").json["services"]} >= {
        "node1",
        "node2",
    }
