"""The stack in production: limits, restarts, nothing published that need not be, no root, nothing to build with."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.engine.conftest import Project
from tests.engine.scene import connected

pytestmark = pytest.mark.engine

GIB = 2**30


@pytest.fixture(scope="module")
def stack(shared_clone: Project) -> Project:
    """A clone whose stack runs as in production."""
    shared_clone.ok("env.init")
    shared_clone.environment |= {
        "OPENROUTER_API_KEY": "sk-or-v1-0123456789abcdef0123456789abcdef",
        "API_BIND": "127.0.0.1",
    }
    shared_clone.ok("prod", "--timeout", "90", "--json")
    return shared_clone


def inside(stack: Project, service: str, *command: str) -> tuple[int, str]:
    """Run a command in a service's container as its own user."""
    result = connected().client.containers.get(stack.container(service).id).exec_run(list(command))
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
    assert {each.service for each in stack.containers() if each.ports} == {"ai-service"}
    for variable in ("MCP_PORT", "DB_PORT"):
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", int(stack.environment[variable])), timeout=1).close()


@pytest.mark.parametrize("service", ["ai-service", "mcp-server", "db"])
def test_no_process_is_root(stack: Project, service: str) -> None:
    users = {each["USER"] for each in processes(stack, service)}
    assert users
    assert "root" not in users


@pytest.mark.parametrize("service", ["ai-service", "mcp-server", "db"])
def test_the_root_file_system_refuses_a_write(stack: Project, service: str) -> None:
    assert stack.container(service).raw["HostConfig"]["ReadonlyRootfs"] is True
    code, said = inside(stack, service, "sh", "-c", "echo x > /written")
    assert code != 0
    assert "read-only" in said.lower() or "permission denied" in said.lower()
    assert inside(stack, service, "sh", "-c", "echo x > /tmp/written")[0] == 0


@pytest.mark.parametrize("service", ["ai-service", "mcp-server"])
def test_the_image_adds_nothing_to_build_or_fetch_with(stack: Project, service: str) -> None:
    bases = {"ai-service": "python:3.13-slim", "mcp-server": "node:24-alpine"}
    names = ["cc", "gcc", "make", "uv", "curl", "wget", "psql", "esbuild"]
    script = (
        f"for p in {' '.join(names)}; do command -v $p; done; ls -d /app/node_modules /opt/venv/bin/pip* /root/.cache"
    )
    added = set(inside(stack, service, "sh", "-c", script)[1].split("\n"))
    base = connected().client.containers.run(
        bases[service], ["sh", "-c", f"for p in {' '.join(names)}; do command -v $p; done; true"], remove=True
    )
    found = {line for line in added if line.startswith("/")} - set(bytes(base).decode().split("\n"))
    assert found == set()


def test_images_are_within_their_budget_and_labelled(stack: Project) -> None:
    measured = stack.ok("images", "--env", "prod", "--json").json["images"]
    judged = {each["service"]: each["within"] for each in measured}
    assert judged == {"ai-service": True, "mcp-server": True, "db": None}
    labels = stack.container("ai-service").raw["Config"]["Labels"]
    assert {"org.opencontainers.image.revision", "org.opencontainers.image.created"} <= labels.keys()


def test_environments_change_places(stack: Project) -> None:
    """`stop` needs not be told which environment runs; `health` finds out."""
    assert stack.ok("health", "--json").json["environment"] == "prod"
    assert stack.ok("stop").code == 0
    assert stack.containers() == []
