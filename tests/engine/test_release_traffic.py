"""Releases behind the edge, while callers call: no request is lost, and none is answered by a version that is sick."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT, remove_project, unique_name
from tests.engine.callers import Callers
from tests.engine.conftest import Project, interrupt, until, write_tasks
from tests.engine.scene import connected
from upready.releases import routes
from upready.runtime.docker.edge import Edge, EdgeError
from upready.stack.service import of

pytestmark = [pytest.mark.engine, pytest.mark.slow]

API = of("ai-service", {"image": "x", "x-ops": {"edge": {"port": 8000}}}, "x")
INSIDE = Path(__file__).parent / "inside"
STACK = """\
include: [{path: edge.yaml, env_file: edge.env, project_directory: .}]
services:
  ai-service:
    image: python:3.13-slim
    command: [python, /backend.py]
    init: true
    configs: [{source: backend, target: /backend.py}]
    environment:
      {HOW: "${HOW:-}", VERSION: "${VERSION:-one}", BOOT: "${BOOT:-0}", WARM: "${WARM:-0}", DRAIN: "${DRAIN:-}"}
    stop_grace_period: 60s
    healthcheck:
      test:
        - CMD
        - python
        - -c
        - |
          import urllib.request
          urllib.request.urlopen("http://127.0.0.1:8000/health", timeout=20)
      interval: 1s
      retries: 2
      timeout: 30s
      start_period: ${PERIOD:-2s}
      start_interval: 250ms
    deploy: {replicas: "${REPLICAS:-1}", update_config: {order: "${ORDER:-start-first}", monitor: "${MONITOR:-500ms}"}}
    x-ops: {edge: {port: 8000}}
configs: {backend: {file: backend.py}}
"""
LOSE = "rm -rf /var/tmp/edge/* && mkdir /var/tmp/edge/ai-service && kill 1"
SETTINGS = "ops: {environments: {prod: {files: [compose.yaml], profiles: [full-stack], timeout: 60}}}\n"


def upstreams(found: Edge) -> tuple[str, ...]:
    """Where it sends requests; nowhere while it does not run."""
    with suppress(EdgeError):
        return found.upstreams(API)
    return ()


@dataclass
class Served:
    """A project behind the edge, and where it is reached."""

    project: Project
    url: str

    def versions(self) -> dict[str, str]:
        return {each.id: each.release for each in self.project.containers() if each.service == "ai-service"}


def make(root: Path, name: str, port: int) -> Served:
    """The project, in a folder of its own; `prod` starts it."""
    for file in ("edge.yaml", "edge.env"):
        (root / file).write_bytes((ROOT / "compose" / file).read_bytes())
    (root / "backend.py").write_bytes((INSIDE / "backend.py").read_bytes())
    (root / "compose.yaml").write_text(STACK, "utf-8")
    (root / "invoke.yaml").write_text(SETTINGS, "utf-8")
    write_tasks(root)
    return Served(Project(root, name, {"API_PORT": str(port), "API_BIND": "127.0.0.1"}), f"http://127.0.0.1:{port}")


ALONE = {
    "include: [{path: edge.yaml, env_file: edge.env, project_directory: .}]\n": "",
    "    x-ops: {edge: {port: 8000}}\n": '    ports: ["${API_BIND}:${API_PORT}:8000"]\n    profiles: [full-stack]\n',
}
"""What is another in the stack without an edge: the service publishes its port itself."""


def without_edge(root: Path, name: str, port: int) -> Served:
    """The same project without an edge."""
    made = make(root, name, port)
    text = STACK
    for old, new in ALONE.items():
        assert old in text
        text = text.replace(old, new)
    (root / "compose.yaml").write_text(text, "utf-8")
    return made


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Served]:
    stack = make(tmp_path_factory.mktemp("served"), unique_name("served"), free_port())
    try:
        stack.project.ok("prod")
        yield stack
    finally:
        remove_project(stack.project.name)


def test_a_good_release_loses_no_request(served: Served) -> None:
    with Callers(served.url, streams=2, sockets=1) as callers:
        served.project.ok("prod", env={"VERSION": "two"})
    assert callers.failed == {}
    assert set(callers.versions) <= {"one", "two"}
    with Callers(served.url) as later:
        served.project.ok("health")
    assert (set(later.versions), later.failed) == ({"two"}, {})


@pytest.mark.parametrize("how", ["exits", pytest.param("sick", marks=pytest.mark.nightly)])
def test_a_sick_release_answers_nobody(served: Served, how: str) -> None:
    served.project.ok("prod", env={"VERSION": "three"})
    before = served.versions()
    with Callers(served.url) as callers:
        failed = served.project.invoke("prod", env={"VERSION": "sick", "HOW": how})
    assert failed.code == 8, failed.err
    assert (set(callers.versions), callers.failed) == ({"three"}, {})
    assert served.versions() == before


def test_what_is_stopped_first_has_its_requests_wait(served: Served) -> None:
    served.project.ok("prod", env={"VERSION": "four"})
    with Callers(served.url) as callers:
        served.project.ok("prod", env={"VERSION": "five", "ORDER": "stop-first"})
    assert callers.failed == {}
    assert set(callers.versions) <= {"four", "five"}


@pytest.mark.nightly
def test_what_is_stopped_first_goes_back_where_the_new_version_ends_within_monitor(served: Served) -> None:
    served.project.ok("prod", env={"VERSION": "six"})
    with Callers(served.url) as callers:
        sick = {"VERSION": "sick", "HOW": "late", "ORDER": "stop-first", "MONITOR": "10s"}
        failed = served.project.invoke("prod", "--json", env=sick)
        until(lambda: callers.answered[-1] - callers.first["sick"] > 3, 30)  # it served for two seconds
    assert failed.code == 8, failed.err
    assert (failed.json["status"], failed.json["services"][0]["ready"]) == ("unhealthy", False)
    step = failed.json["error"]["next"].split()
    assert step[:2] == ["docker", "logs"]
    log = subprocess.run(step, check=True, capture_output=True, text=True)
    assert "it has served" in log.stdout + log.stderr
    assert set(callers.versions) == {"six", "sick"}
    with Callers(served.url) as later:
        served.project.ok("health")
    assert (set(later.versions), later.failed) == ({"six"}, {})


@pytest.mark.nightly
def test_a_replica_more_gets_requests_once_it_is_ready_and_one_less_ends_its_own(served: Served) -> None:
    warm = {"VERSION": "scaled", "WARM": "2", "PERIOD": "60s"}
    served.project.ok("prod", env=warm)
    (first,) = served.versions()
    with Callers(served.url) as callers:
        done = served.project.ok("prod", env={**warm, "REPLICAS": "2"})
    assert "plan: ai-service is scaled (2 replicas instead of 1)" in done.out
    assert callers.failed == {}
    found = routes.edge_of(connected(), served.project.name, API)
    assert found is not None
    assert {*found.upstreams(API)} == {each[:12] for each in served.versions()}
    with Callers(served.url) as callers:
        served.project.ok("prod", env=warm)
    assert (callers.failed, set(served.versions())) == ({}, {first})
    assert found.upstreams(API) == (first[:12],)


@pytest.mark.nightly
def test_a_replica_more_that_is_not_ready_in_time_is_taken_away_again(served: Served) -> None:
    slow = {"VERSION": "slow", "BOOT": "8", "PERIOD": "60s"}
    served.project.ok("prod", env=slow)
    before = served.versions()
    with Callers(served.url) as callers:
        told = served.project.invoke("prod", "--timeout", "2", env={**slow, "REPLICAS": "2"})
    assert (told.code, callers.failed) == (8, {}), told.err
    assert served.versions() == before


@pytest.mark.nightly
def test_an_edge_that_has_lost_its_files_is_told_again(served: Served) -> None:
    served.project.ok("prod", env={"VERSION": "edge"})
    (api,) = served.versions()
    edge = connected().client.containers.get(served.project.container("edge").id)
    started = edge.attrs["State"]["StartedAt"]
    edge.exec_run(["sh", "-c", LOSE])
    until(lambda: edge.reload() or edge.attrs["State"]["StartedAt"] != started, 60)
    told = served.project.ok("prod", env={"VERSION": "edge"})
    assert "the edge did not know which container of ai-service serves" in told.err
    found = routes.edge_of(connected(), served.project.name, API)
    assert found is not None
    assert found.upstreams(API) == (api[:12],)
    assert "the edge" not in served.project.ok("prod", env={"VERSION": "edge"}).err


@pytest.mark.nightly
def test_an_edge_that_loses_its_files_in_a_release_lets_nobody_in_who_is_not_ready(served: Served) -> None:
    served.project.ok("prod", env={"VERSION": "kept"})
    (api,) = served.versions()
    edge = routes.edge_of(connected(), served.project.name, API)
    assert edge is not None
    task = served.project.begin("prod", env={"VERSION": "hangs", "HOW": "hangs"})
    try:
        until(lambda: len(served.versions()) == 2, 60)
        container = connected().client.containers.get(edge.container.id)
        started = container.attrs["State"]["StartedAt"]
        container.exec_run(["sh", "-c", LOSE])
        until(lambda: container.reload() or container.attrs["State"]["StartedAt"] != started, 60)
        until(lambda: upstreams(edge) == (api[:12],), 30)
        assert len(served.versions()) == 2  # the release goes on
    finally:
        ended = interrupt(task)
    assert ended.code == 130
    assert "the edge did not know which container of ai-service serves" in ended.err
    assert list(served.versions()) == [api]
    assert upstreams(edge) == (api[:12],)


@pytest.mark.nightly
def test_a_release_waits_for_an_edge_that_is_restarted(served: Served) -> None:
    served.project.ok("prod", env={"VERSION": "before"})
    edge = connected().client.containers.get(served.project.container("edge").id)
    task = served.project.begin("prod", env={"VERSION": "behind"})
    try:
        until(lambda: len(served.versions()) == 2, 60)
        edge.restart(timeout=2)
    finally:
        task.communicate(timeout=240)
    assert task.returncode == 0
    with Callers(served.url) as callers:
        served.project.ok("health")
    assert (set(callers.versions), callers.failed) == ({"behind"}, {})


@pytest.mark.nightly
def test_after_a_stop_the_edge_sends_nobody_to_what_is_gone(served: Served) -> None:
    served.project.ok("prod", env={"VERSION": "six"})
    served.project.ok("stop")
    served.project.ok("prod", env={"VERSION": "seven"})
    with Callers(served.url) as callers:
        served.project.ok("health")
    assert (set(callers.versions), callers.failed) == ({"seven"}, {})


@pytest.mark.nightly
def test_the_edge_alone_is_upgraded_and_its_routes_stay(served: Served) -> None:
    served.project.ok("prod", env={"VERSION": "eight"})
    before, edge = served.versions(), served.project.container("edge").id
    with Callers(served.url, streams=1) as callers:  # which does not keep the port
        # Another version of the service waits for the next `prod`.
        served.project.ok("prod", "--edge", env={"VERSION": "nine", "FORWARDED_ALLOW_IPS": "192.0.2.1"})
    assert served.versions() == before
    assert served.project.container("edge").id != edge
    assert set(callers.versions) == {"eight"}
    with Callers(served.url) as later:
        served.project.ok("health")
    assert (set(later.versions), later.failed) == ({"eight"}, {})
    planned = served.project.ok("prod", "--plan", "--json", env={"VERSION": "nine", "FORWARDED_ALLOW_IPS": "192.0.2.1"})
    told = {each["service"]: each["action"] for each in planned.json["services"]}
    assert told == {"ai-service": "rolled", "edge": "nothing"}
