"""The stack in production: limits, restarts, nothing published that need not be, no root, nothing to build with."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import time
from datetime import datetime
from typing import Any

import pytest

from app import __version__
from tests.engine.conftest import Project, until
from tests.engine.scene import connected

pytestmark = pytest.mark.engine

GIB = 2**30


@pytest.fixture(scope="module")
def stack(shared_clone: Project) -> Project:
    """A clone, of git too, whose stack runs as in production."""
    shared_clone.ok("env.init")
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgsign=false"]
    for command in (["init"], ["add", "--all"], [*identity, "commit", "--message=All"]):
        git(shared_clone, *command)
    shared_clone.environment |= {
        "OPENROUTER_API_KEY": "sk-or-v1-0123456789abcdef0123456789abcdef",
        "API_BIND": "127.0.0.1",
    }
    shared_clone.ok("prod", "--timeout", "90", "--json")
    return shared_clone


def git(stack: Project, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(stack.root), *arguments], capture_output=True, check=True, encoding="utf-8")
    return done.stdout.strip()


def inside(stack: Project, service: str, *command: str, user: str = "") -> tuple[int, str]:
    """Run a command in a service's container, as its own user if no other is named."""
    container = connected().client.containers.get(stack.container(service).id)
    result = container.exec_run(list(command), user=user)
    return int(result.exit_code or 0), bytes(result.output).decode()


def processes(stack: Project, service: str) -> list[dict[str, str]]:
    top: dict[str, Any] = connected().client.api.top(stack.container(service).id, "-eo user:32,pid,args")
    return [dict(zip(top["Titles"], row, strict=False)) for row in top["Processes"]]


def test_four_workers_run(stack: Project) -> None:
    workers = [each for each in processes(stack, "ai-service") if "spawn_main" in each["COMMAND"]]
    assert len(workers) == 4


@pytest.mark.parametrize(
    ("service", "cpus", "memory", "reserved"),
    [("ai-service", 2, 2 * GIB, GIB // 2), ("mcp-server", 1, GIB // 2, GIB // 8), ("db", 2, 2 * GIB, GIB // 2)],
)
def test_limits_and_restart_policy(stack: Project, service: str, cpus: int, memory: int, reserved: int) -> None:
    host = stack.container(service).raw["HostConfig"]
    assert host["NanoCpus"] == cpus * 10**9
    assert host["Memory"] == memory
    assert host["MemoryReservation"] == reserved
    assert host["RestartPolicy"]["Name"] == "always"
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert host["PidsLimit"] == 256


def test_only_the_api_is_published(stack: Project) -> None:
    bound = {each.service: each.raw["HostConfig"]["PortBindings"] or {} for each in stack.containers()}
    api = {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": stack.environment["API_PORT"]}]}
    assert bound == {"ai-service": api, "mcp-server": {}, "db": {}}
    for each in stack.containers():
        assert each.raw["HostConfig"]["NetworkMode"] == f"{stack.name}_default"  # not the host's own
        assert not each.raw["HostConfig"]["PublishAllPorts"]


@pytest.mark.parametrize("service", ["ai-service", "mcp-server", "db"])
def test_no_process_is_root(stack: Project, service: str) -> None:
    users = {each["USER"] for each in processes(stack, service)}
    assert users
    assert "root" not in users


@pytest.mark.parametrize("service", ["ai-service", "mcp-server", "db"])
def test_the_root_file_system_refuses_a_write(stack: Project, service: str) -> None:
    assert stack.container(service).raw["HostConfig"]["ReadonlyRootfs"] is True
    code, said = inside(stack, service, "sh", "-c", "echo x > /written", user="root")
    assert code != 0
    assert "read-only" in said.lower()
    assert inside(stack, service, "sh", "-c", "echo x > /tmp/written")[0] == 0


@pytest.mark.parametrize(
    ("service", "names", "paths"),
    [
        ("ai-service", ["uv", "pip", "pip3", "wget"], ["/root/.cache", "/opt/venv/bin/pip*"]),
        ("mcp-server", ["npm", "npx", "corepack", "yarn", "esbuild"], ["/root/.npm", "/app/node_modules"]),
    ],
)
def test_the_image_has_nothing_to_build_or_fetch_with(
    stack: Project, service: str, names: list[str], paths: list[str]
) -> None:
    """Neither for its user nor for root. What a base's other packages stand on (apt, apk, Alpine's busybox) stays."""
    names = [*names, "cc", "gcc", "g++", "c++", "clang", "ld", "make", "cargo", "go", "curl", "psql"]
    script = f"for p in {' '.join(names)}; do command -v $p; done; ls -d {' '.join(paths)} 2>/dev/null; id -u"
    assert inside(stack, service, "sh", "-c", script, user="root")[1].split() == ["0"]


def test_python_has_lost_pip_for_good(stack: Project) -> None:
    for module in ("pip", "ensurepip"):
        for python in ("python", "/usr/local/bin/python"):
            code, said = inside(stack, "ai-service", python, "-m", module, "--version", user="root")
            assert code == 1
            assert f"No module named {module}" in said


def test_images_are_within_their_budget(stack: Project) -> None:
    measured = stack.ok("images", "--env", "prod", "--json").json["images"]
    assert {each["service"]: each["budget"] for each in measured} == {
        "ai-service": 95 * 10**6,
        "mcp-server": 15 * 10**6,
        "db": None,
    }
    assert {each["service"]: each["within"] for each in measured} == {
        "ai-service": True,
        "mcp-server": True,
        "db": None,
    }


def test_images_say_what_they_are(stack: Project) -> None:
    package = json.loads((stack.root / "docker/mcp-server/package.json").read_text("utf-8"))
    for service, version in (("ai-service", __version__), ("mcp-server", package["version"])):
        labels = stack.container(service).raw["Config"]["Labels"]
        said = {key.rpartition(".")[2]: labels[key] for key in labels if key.startswith("org.opencontainers.image.")}
        assert said["title"]
        assert said["licenses"] == "MIT"
        assert said["version"] == version
        assert said["revision"] == git(stack, "rev-parse", "HEAD")
        assert datetime.fromisoformat(said["created"]) == datetime.fromisoformat(
            git(stack, "log", "-1", "--format=%cI")
        )


def test_it_stops_within_a_second_with_a_request_in_flight(stack: Project) -> None:
    container = connected().client.containers.get(stack.container("ai-service").id)
    took: list[float] = []
    while not took or (took[-1] >= 1 and len(took) < 3):  # a busy machine may spoil one measurement, not three
        container.start()
        with until(lambda: request_in_flight(stack)):
            began = time.monotonic()
            container.stop(timeout=5)
            took.append(time.monotonic() - began)
        container.reload()
        assert container.attrs["State"]["ExitCode"] == 0
    assert took[-1] < 1, took


def request_in_flight(stack: Project) -> socket.socket | None:
    """A request that is being served, and never ends; nothing while the API does not listen."""
    caller = socket.create_connection(("127.0.0.1", int(stack.environment["API_PORT"])), timeout=10)
    caller.sendall(
        b"POST /api/v1/diagrams/validate HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
        b"Content-Type: application/json\r\nContent-Length: 9\r\n\r\n"
    )
    with contextlib.suppress(ConnectionError):
        if caller.recv(100).startswith(b"HTTP/1.1 100"):
            return caller
    caller.close()
    return None


def test_environments_change_places(stack: Project) -> None:
    """`stop` needs not be told which environment runs; `health` finds out."""
    assert stack.invoke("health", "--json").json["environment"] == "prod"
    stack.ok("dev")
    assert stack.ok("health", "--json").json["environment"] == "dev"
    assert {each.raw["HostConfig"]["RestartPolicy"]["Name"] for each in stack.containers()} == {"no"}
    assert stack.ok("stop").code == 0
    assert stack.containers() == []
