"""The stack in production: limits, restarts, nothing published that need not be, no root, nothing to build with."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from app import __version__
from tests.engine.bombs import HEAP, KNOWN, Bomb, bombs
from tests.engine.conftest import Project, api_key, until
from tests.engine.scene import connected

pytestmark = pytest.mark.engine

GIB = 2**30
INSIDE = Path(__file__).parent / "inside"


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


def script(stack: Project, name: str, *arguments: str) -> Any:
    """What a script of `inside/` prints where it reaches the MCP server: within the stack's network."""
    code, said = inside(stack, "ai-service", "python", "-c", (INSIDE / name).read_text("utf-8"), *arguments)
    assert code == 0, said
    return json.loads(said)


def processes(stack: Project, service: str) -> list[dict[str, str]]:
    top: dict[str, Any] = connected().client.api.top(stack.container(service).id, "-eo user:32,pid,args")
    return [dict(zip(top["Titles"], row, strict=False)) for row in top["Processes"]]


@pytest.mark.nightly
def test_four_workers_run(stack: Project) -> None:
    workers = [each for each in processes(stack, "ai-service") if "spawn_main" in each["COMMAND"]]
    assert len(workers) == 4


@pytest.mark.nightly(day=1)
@pytest.mark.parametrize(
    ("service", "cpus", "memory", "reserved"),
    [
        ("ai-service", 2, 2 * GIB, GIB // 2),
        ("mcp-server", 1, GIB // 2, GIB // 8),
        ("db", 2, 2 * GIB, GIB // 2),
        ("edge", 1, GIB // 4, GIB // 16),
    ],
)
def test_limits_and_restart_policy(stack: Project, service: str, cpus: int, memory: int, reserved: int) -> None:
    host = stack.container(service).raw["HostConfig"]
    assert host["NanoCpus"] == cpus * 10**9
    assert host["Memory"] == host["MemorySwap"] == memory  # no swap beside it
    assert host["MemoryReservation"] == reserved
    assert host["RestartPolicy"]["Name"] == "always"
    assert host["CapDrop"] == ["ALL"]
    # Caddy's program carries this one, and cannot be started without it.
    assert (host["CapAdd"] or []) == (["CAP_NET_BIND_SERVICE"] if service == "edge" else [])
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert host["PidsLimit"] == 256


def test_only_the_edge_is_published(stack: Project) -> None:
    bound = {each.service: each.raw["HostConfig"]["PortBindings"] or {} for each in stack.containers()}
    edge = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": stack.environment["API_PORT"]}]}
    assert bound == {"edge": edge, "ai-service": {}, "mcp-server": {}, "db": {}}
    for each in stack.containers():
        assert each.raw["HostConfig"]["NetworkMode"].startswith(f"{stack.name}_")  # not the host's own
        assert not each.raw["HostConfig"]["PublishAllPorts"]


@pytest.mark.parametrize("service", ["ai-service", "mcp-server", "db", "edge"])
def test_no_process_is_root(stack: Project, service: str) -> None:
    users = {each["USER"] for each in processes(stack, service)}
    assert users
    assert "root" not in users


@pytest.mark.parametrize("service", ["ai-service", "mcp-server", "db", "edge"])
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
        "edge": None,
    }
    assert {each["service"]: each["within"] for each in measured} == {
        "ai-service": True,
        "mcp-server": True,
        "db": None,
        "edge": None,
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


def test_it_stops_by_itself_with_a_request_in_flight(stack: Project) -> None:
    container = connected().client.containers.get(stack.container("ai-service").id)
    with until(lambda: request_in_flight(stack)):
        container.stop(timeout=60)  # then the engine kills, and the code is 137
    container.reload()
    assert container.attrs["State"]["ExitCode"] == 0
    container.start()  # the other tests want it
    until(lambda: stack.container("ai-service").health == "healthy")


def request_in_flight(stack: Project) -> socket.socket | None:
    """A request that is being served, and never ends; nothing while the API does not listen."""
    caller = socket.create_connection(("127.0.0.1", int(stack.environment["API_PORT"])), timeout=10)
    caller.sendall(
        b"POST /api/v1/diagrams/validate HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
        b"Content-Type: application/json\r\nContent-Length: 9\r\n"
        + f"Authorization: Bearer {api_key(stack)}\r\n\r\n".encode()
    )
    with contextlib.suppress(ConnectionError):
        if caller.recv(100).startswith(b"HTTP/1.1 100"):
            return caller
    caller.close()
    return None


@contextlib.contextmanager
def watching(stack: Project, folder: Path) -> Iterator[list[dict[str, list[Any]]]]:
    """Watch the health of the API and of the MCP server (`inside/watch.py`); what they saw is there at the end."""
    command = [
        sys.executable,
        str(INSIDE / "watch.py"),
        "127.0.0.1",
        stack.environment["API_PORT"],
        str(folder / "end"),
    ]
    seen: list[dict[str, list[Any]]] = []
    with ThreadPoolExecutor() as threads, subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as here:
        there = threads.submit(script, stack, "watch.py", "mcp-server", "3000", "/tmp/end")
        try:
            yield seen
        finally:
            (folder / "end").touch()
            inside(stack, "ai-service", "touch", "/tmp/end")
            seen += [json.loads(here.communicate()[0]), there.result()]
            inside(stack, "ai-service", "rm", "/tmp/end")


def p99(values: list[float]) -> float:
    return sorted(values)[len(values) * 99 // 100]


def assert_unharmed(stack: Project) -> None:
    """The MCP server's container has not been started again, and the kernel took nothing of it for its memory."""
    found = stack.container("mcp-server").raw
    assert (found["RestartCount"], found["State"]["OOMKilled"], found["State"]["Running"]) == (0, False, True)
    ask = "import urllib.request as web; print(web.urlopen('http://mcp-server:3000/health').read().decode())"
    assert json.loads(inside(stack, "ai-service", "python", "-c", ask)[1])["pool"]["lost"]["crash"] == 0


@pytest.mark.nightly
def test_no_diagram_harms_the_stack(stack: Project, tmp_path: Path) -> None:
    """Each bomb is answered within 2.5 s; meanwhile the validator tells its health within 50 ms, and stays."""
    verdicts: list[bool] = []
    seconds: dict[str, float] = {}
    url = f"http://127.0.0.1:{stack.environment['API_PORT']}"
    client = httpx.Client(
        base_url=url, headers={"Authorization": f"Bearer {api_key(stack)}"}, trust_env=False, timeout=30
    )

    def ask(code: str) -> float:
        begun = time.perf_counter()
        answer = client.post("/api/v1/diagrams/validate", json={"code": code})
        took = time.perf_counter() - begun
        assert answer.status_code in (200, 503), answer.text
        assert answer.status_code == 200 or answer.json()["type"] == "mcp-refused", answer.text
        verdicts.append(answer.status_code == 200)
        return took

    def explode(name: str, code: str) -> None:
        seconds[name] = ask(code)
        if seconds[name] > 2.5:  # a machine that is busy with other things spoils one, not two
            seconds[name] = min(seconds[name], ask(code))

    # No shrinking: a bomb takes its time, and any is good enough to look into.
    @settings(
        max_examples=200,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(bombs)
    def generated(bomb: Bomb) -> None:
        explode(repr(bomb), bomb.code())

    with client, watching(stack, tmp_path) as seen:
        for name, code in KNOWN.items():
            explode(name, code)
        generated()
    assert verdicts.count(True) > 0.9 * len(verdicts)  # the others found a parser being replaced
    api, server = seen
    assert api["failures"] + server["failures"] == []
    # What else runs on this machine keeps each process waiting that an answer must wake: the server and who asks, and
    # through the API three more, some of them twice. On a machine of its own that is next to nothing.
    machine = p99(api["waits"] + server["waits"])
    assert p99(server["answers"]) <= 50 + 2 * machine, f"a process waits {machine:.1f} ms"
    late = {name: took for name, took in seconds.items() if took > 2.5 + 8 * machine / 1000}
    assert late == {}, f"a process waits {machine:.1f} ms"
    assert_unharmed(stack)


@pytest.mark.nightly
def test_its_memory_holds_whatever_comes_at_once(stack: Project) -> None:
    answers = script(stack, "flood.py", "mcp-server", "3000", HEAP)
    assert answers.keys() <= {"200", "408", "503"}, answers
    assert sum(answers.values()) == 502
    assert_unharmed(stack)


@pytest.mark.nightly
def test_environments_change_places(stack: Project) -> None:
    """`stop` needs not be told which environment runs; `health` finds out."""
    assert stack.invoke("health", "--json").json["environment"] == "prod"
    stack.ok("dev")
    assert stack.ok("health", "--json").json["environment"] == "dev"
    assert {each.raw["HostConfig"]["RestartPolicy"]["Name"] for each in stack.containers()} == {"no"}
    assert stack.ok("stop").code == 0
    assert stack.containers() == []
