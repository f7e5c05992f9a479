"""What goes wrong, each with its exit code, its message and its next step; nothing is left behind."""

from __future__ import annotations

import socket
import time

import psutil
import pytest

from tests.engine.conftest import Project, interrupt, until
from tests.engine.proxy import Proxy
from tests.engine.scene import connected

pytestmark = pytest.mark.engine


def test_no_engine(foreign: Project) -> None:
    failed = foreign.invoke(
        "dev", "--json", env={"DOCKER_HOST": "unix:///nowhere/docker.sock", "INVOKE_OPS_RUNTIME": "docker"}
    )
    assert failed.code == 4
    error = failed.json["error"]
    assert error["kind"] == "engine"
    assert "unix:///nowhere/docker.sock" in error["message"]
    assert error["next"]


@pytest.mark.nightly(day=1)
@pytest.mark.parametrize("how", ["cut", "hang"])
def test_the_engine_goes_away_during_the_wait(foreign: Project, proxy: Proxy, how: str) -> None:
    never_ready(foreign)
    task = foreign.begin("dev", env={"DOCKER_HOST": proxy.url})
    until(lambda: [each for each in foreign.containers() if each.state == "running"])
    getattr(proxy, how)()
    gone = time.monotonic()
    _, err = task.communicate(timeout=100)
    assert time.monotonic() - gone < 90  # the wait itself would take 120 s
    assert task.returncode == 4, err
    assert "stopped answering" in err


def test_prod_needs_an_env_file(clone: Project) -> None:
    failed = clone.invoke("prod", "--json")
    assert failed.code == 3
    assert ".env is missing" in failed.json["error"]["message"]
    assert "env.init" in failed.json["error"]["next"]
    assert not (clone.root / ".env").exists()


def test_a_port_that_a_process_has(foreign: Project) -> None:
    with socket.create_server(("127.0.0.1", int(foreign.environment["TOWER_PORT"]))):
        failed = foreign.invoke("dev", "--json")
    assert failed.code == 6
    message = failed.json["error"]["message"]
    assert foreign.environment["TOWER_PORT"] in message
    assert f"process {psutil.Process().pid}" in message
    # Known before anything was built.
    assert connected().image(f"{foreign.name}-tower") is None


def test_a_port_that_a_container_has(foreign: Project) -> None:
    port = int(foreign.environment["TOWER_PORT"])
    holder = connected().client.containers.run(
        "python:3.13-slim", ["sleep", "60"], detach=True, ports={"7000/tcp": ("127.0.0.1", port)}, init=True
    )
    try:
        failed = foreign.invoke("dev")
        assert failed.code == 6
        assert f"port {port}" in failed.err
        assert f"container {holder.name}" in failed.err
    finally:
        holder.remove(force=True, v=True)


def test_a_build_that_fails(foreign: Project) -> None:
    foreign.write("tower/Dockerfile", "FROM python:3.13-slim\nRUN echo laying bricks; echo no mortar >&2; exit 7\n")
    failed = foreign.invoke("dev", "--json")
    assert failed.code == 5
    error = failed.json["error"]
    assert "tower" in error["message"]
    assert "exited with 7" in error["message"]
    assert "no mortar" in error["details"]
    assert "Dockerfile:2" in error["next"]


def test_a_service_that_exits_at_start(foreign: Project) -> None:
    foreign.write("scripts/sundial.py", "raise SystemExit('clouded over')\n")
    failed = foreign.invoke("dev", "--json")
    assert failed.code == 6
    story = failed.json["failures"][0]
    assert story["service"] == "sundial"
    assert "exited with code 1" in story["message"]
    assert "clouded over" in "\n".join(story["evidence"])
    assert failed.json["status"] == "unhealthy"


def test_a_service_that_never_becomes_healthy(foreign: Project) -> None:
    never_ready(foreign)
    began = time.monotonic()
    failed = foreign.invoke("dev", "--timeout", "4", "--json")
    assert failed.code == 7
    assert time.monotonic() - began < 90  # the default is 120 s
    assert failed.json["failures"][0]["service"] == "sundial"
    assert "4 s" in failed.json["error"]["message"]


@pytest.mark.nightly(day=1)
@pytest.mark.parametrize("moment", ["build", "start", "wait"])
def test_interrupt(foreign: Project, moment: str) -> None:
    if moment == "build":
        foreign.write("tower/Dockerfile", "FROM python:3.13-slim\nRUN sleep 120\n")
    elif moment == "start":
        # Compose itself waits for the sundial before it starts the tower.
        never_ready(foreign)
    else:
        foreign.write("tower/tower.py", "import time\nprint('the tower is open', flush=True)\ntime.sleep(600)\n")
    task = foreign.begin("dev")
    below = psutil.Process(task.pid)
    if moment == "build":
        until(lambda: [each for each in below.children(recursive=True) if "compose" in each.name()])
        time.sleep(1)
    else:
        service = "sundial" if moment == "start" else "tower"
        until(lambda: [each for each in foreign.containers() if each.service == service and each.state == "running"])
    children = below.children(recursive=True)
    ended = interrupt(task)
    assert ended.code == 130, ended.err
    assert "interrupted" in ended.err
    _, alive = psutil.wait_procs(children, timeout=60)
    assert alive == []
    # The next task finds a consistent world: no lock is held, and stop finds what had started.
    assert foreign.invoke("stop").code == 0
    assert foreign.containers() == []


def test_two_at_once(foreign: Project) -> None:
    never_ready(foreign)
    first = foreign.begin("dev")
    try:
        until(foreign.containers)
        second = foreign.invoke("dev", "--json")
        assert second.code == 9
        assert f"invoke dev (process {first.pid}" in second.json["error"]["message"]
    finally:
        interrupt(first)


@pytest.mark.nightly(day=2)
@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("invoke.yaml", "ops: [", "invoke.yaml:"),
        ("invoke.yaml", "ops: {environments: {dev: {files: compose.yaml}}}", "ops.environments.dev.files"),
        ("invoke.yaml", "ops: {enviroments: {}}", "ops.enviroments: unknown setting"),
        ("compose.yaml", "services: {tower: {imagine: x}}", "imagine"),
        ("compose.yaml", "services: [", "compose"),
    ],
)
def test_broken_files_are_usage(foreign: Project, name: str, text: str, expected: str) -> None:
    foreign.write(name, text)
    failed = foreign.invoke("dev", "--json")
    assert failed.code == 2
    assert expected in str(failed.json["error"])


def test_bad_option_values_are_usage(foreign: Project) -> None:
    failed = foreign.invoke("dev", "--timeout", "soon")
    assert failed.code == 2
    assert "--timeout" in failed.err


def never_ready(project: Project) -> None:
    """Make the sundial run without ever answering."""
    project.write("scripts/sundial.py", "import time\nprint('night', flush=True)\ntime.sleep(600)\n")
