"""The edge of production alone, as its file has it, before a service of the test's own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT, remove_project, unique_name
from tests.engine.conftest import Project, until, write_tasks
from tests.engine.scene import connected
from upready.runtime.docker import edge
from upready.runtime.docker.edge import PLACES, Edge, EdgeError, Route
from upready.stack.service import of

pytestmark = pytest.mark.engine

INSIDE = Path(__file__).parent / "inside"
API = of("ai-service", {"image": "x", "x-ops": {"edge": {"port": 8000}}}, "x")
STACK = """\
include: [{path: edge.yaml, env_file: edge.env, project_directory: .}]
services:
  ai-service:
    image: python:3.13-slim
    command: [python, /backend.py]
    init: true
    configs: [{source: backend, target: /backend.py}]
    healthcheck:
      test: [CMD, python, -c, "import socket; socket.create_connection(('127.0.0.1', 8000))"]
      start_period: 60s
      start_interval: 250ms
    deploy: {replicas: 2}
    x-ops: {edge: {port: 8000}}
configs: {backend: {file: backend.py}}
"""


@dataclass
class Stack:
    """The project, and how it is reached."""

    project: Project
    url: str

    @property
    def edge(self) -> Edge:
        found = edge.find(connected(), self.project.name)
        assert found is not None
        return found

    @property
    def api(self) -> list[str]:
        """The short ids of the service's containers."""
        return [each.id[:12] for each in self.project.containers() if each.service == "ai-service"]

    def get(self, path: str = "/x", **headers: str) -> httpx.Response:
        return httpx.get(self.url + path, headers=headers, trust_env=False, timeout=60)

    def who(self, times: int = 8) -> set[str]:
        """Which containers answer."""
        return {self.get().json()["name"] for _ in range(times)}

    def restored(self) -> None:
        """Everything as it was started: by the service's name."""
        self.edge.switch(API, [])


def make(root: Path, name: str, **environment: str) -> Project:
    root.mkdir(exist_ok=True)
    for file in ("edge.yaml", "edge.env"):
        (root / file).write_bytes((ROOT / "compose" / file).read_bytes())
    (root / "backend.py").write_bytes((INSIDE / "backend.py").read_bytes())
    (root / "compose.yaml").write_text(STACK, "utf-8")
    write_tasks(root)
    return Project(root, name, {"COMPOSE_PROFILES": "full-stack", **environment})


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Stack]:
    port = str(free_port())
    project = make(tmp_path_factory.mktemp("edge"), unique_name("edge"), API_PORT=port, API_BIND="127.0.0.1")
    try:
        project.ok("dev")
        yield Stack(project, f"http://127.0.0.1:{port}")
    finally:
        remove_project(project.name)


def test_requests_go_where_they_are_switched(stack: Stack) -> None:
    one, two = stack.api
    assert stack.edge.route(API) == Route(("ai-service",), held=False)
    stack.edge.switch(API, [stack.project.container("ai-service").id])
    assert (stack.edge.upstreams(API), stack.who()) == ((one,), {one})
    stack.edge.switch(API, [two, one])
    assert (stack.edge.upstreams(API), stack.who()) == ((two, one), {one, two})


def test_what_was_switched_last_is_there_after_a_restart(stack: Stack) -> None:
    two = stack.api[1]
    stack.edge.switch(API, [two])
    connected().client.containers.get(stack.edge.container.id).restart(timeout=2)
    until(lambda: answers(stack), 30)
    assert (stack.edge.upstreams(API), stack.who()) == ((two,), {two})


def test_a_stream_passes_line_by_line_and_outlives_a_switch(stack: Stack) -> None:
    one, two = stack.api
    stack.edge.switch(API, [one])
    headers = {"Accept-Encoding": "gzip, zstd"}
    with httpx.stream("GET", f"{stack.url}/stream=10", headers=headers, trust_env=False, timeout=60) as answer:
        assert "content-encoding" not in answer.headers
        began, lines = time.monotonic(), answer.iter_lines()
        assert next(lines) == f"data: 0 {one}"
        assert time.monotonic() - began < 8  # the whole stream takes 10 s
        assert stack.edge.in_flight(one) == 1
        stack.edge.switch(API, [two])
        assert stack.who(2) == {two}
        assert stack.edge.in_flight(stack.project.container("ai-service").id) == 1
        assert list(lines)[-2] == f"data: 9 {one}"
    until(lambda: stack.edge.in_flight(one) == 0)


def test_a_websocket_outlives_a_switch(stack: Stack) -> None:
    one, two = stack.api
    stack.edge.switch(API, [one])
    with socket.create_connection(("127.0.0.1", int(stack.url.rpartition(":")[2])), timeout=20) as caller:
        caller.sendall(b"GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert caller.recv(1000).startswith(b"HTTP/1.1 101")
        stack.edge.switch(API, [two])
        caller.sendall(b"still here")
        assert caller.recv(1000) == b"still here"
        assert stack.edge.in_flight(one) == 1
    until(lambda: stack.edge.in_flight(one) == 0)


def test_no_request_is_lost_in_switches(stack: Stack) -> None:
    one, two = stack.api
    url = httpx.URL(stack.url)

    async def ask(number: int) -> bytes:
        method, body = ("POST", "order") if number % 4 == 0 else ("GET", "")
        reader, writer = await asyncio.open_connection(url.host, url.port)
        head = f"{method} /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        writer.write(head.encode())
        got = await reader.read()
        writer.close()
        return got[:15]

    async def load(seconds: float) -> list[bytes]:
        begun, tasks = time.monotonic(), []
        while time.monotonic() - begun < seconds:
            tasks.append(asyncio.create_task(ask(len(tasks))))
            await asyncio.sleep(max(0, begun + len(tasks) / 100 - time.monotonic()))
        return await asyncio.gather(*tasks)

    with ThreadPoolExecutor() as threads:
        clients = threads.submit(lambda: asyncio.run(load(4)))
        for containers in ([one], [two], [one, two], []):
            stack.edge.switch(API, containers)
        answers = clients.result()
    assert len(answers) > 100
    assert set(answers) == {b"HTTP/1.1 200 OK"}


def test_requests_are_held_until_there_is_somebody_to_answer(stack: Stack) -> None:
    client = connected().client
    one, two = (client.containers.get(each) for each in stack.api)
    stack.edge.switch(API, stack.api)
    try:
        stack.edge.hold(API)
        assert stack.edge.route(API) == Route((), held=True)
        with ThreadPoolExecutor() as threads:
            held = [threads.submit(httpx.post, f"{stack.url}/x", content="order", trust_env=False, timeout=60)]
            held += [threads.submit(stack.get) for _ in range(4)]
            one.stop(timeout=1)
            two.restart(timeout=1)
            assert not any(each.done() for each in held)
            until(lambda: stack.project.containers()[1].health == "healthy", 30)
            stack.edge.switch(API, [stack.api[1]])
            answers = [each.result() for each in held]
        assert {(each.status_code, each.json()["name"]) for each in answers} == {(200, stack.api[1])}
        assert answers[0].json()["body"] == "order"
        assert stack.edge.route(API) == Route((stack.api[1],), held=False)
    finally:
        one.start()
        until(lambda: {each.health for each in stack.project.containers()} == {"healthy"}, 60)
        stack.restored()


def test_a_container_that_is_gone_costs_no_answer_and_all_of_them_a_quick_problem(stack: Stack) -> None:
    client = connected().client
    one, two = (client.containers.get(each) for each in stack.api)
    stack.edge.switch(API, stack.api)
    try:
        one.stop(timeout=1)
        assert {stack.get().status_code for _ in range(6)} == {200}
        two.stop(timeout=1)
        began = time.monotonic()
        answer = stack.get()
        assert time.monotonic() - began < 5
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.status_code, answer.json()["status"]) == (502, 502)
    finally:
        one.start()
        two.start()
        until(lambda: {each.health for each in stack.project.containers()} == {"healthy"}, 60)
        stack.restored()


def test_one_port_is_published(stack: Stack) -> None:
    bound = {each.service: list(each.raw["HostConfig"]["PortBindings"] or {}) for each in stack.project.containers()}
    assert bound == {"edge": ["80/tcp"], "ai-service": []}


def test_nobody_can_say_that_he_is_another(stack: Stack) -> None:
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9", "X-Forwarded-Proto": "https"}
    got = stack.get(**forged).json()["headers"]
    networks = stack.edge.container.raw["NetworkSettings"]["Networks"]
    assert got["x-forwarded-for"] in {each["Gateway"] for each in networks.values()}
    assert got["x-forwarded-proto"] == "http"


def test_what_is_too_large_is_refused(stack: Stack) -> None:
    for size, status in ((2**20, 200), (2**20 + 1, 413)):
        answer = httpx.post(f"{stack.url}/x", content=b"x" * size, trust_env=False, timeout=30)
        assert answer.status_code == status
    assert answer.json()["detail"] == "A body may have 1 MiB."
    assert stack.get(filling="x" * 60_000).status_code == 431


def test_answers_are_compressed(stack: Stack) -> None:
    assert stack.get(**{"Accept-Encoding": "gzip"}).headers["content-encoding"] == "gzip"


def test_the_access_log_tells_no_secret_and_no_probes(stack: Stack) -> None:
    secret = "canary-" + unique_name("secret")
    stack.get("/health")
    stack.get(f"/logged?key={secret}", Authorization=f"Bearer {secret}", Cookie=secret, Referer=f"http://x/?{secret}")
    container = connected().client.containers.get(stack.edge.container.id)
    lines = until(lambda: [line for line in container.logs().decode().splitlines() if "/logged" in line])
    told = json.loads(lines[-1])
    assert (told["status"], told["request"]["method"], told["request"]["uri"]) == (200, "GET", "/logged")
    assert secret not in container.logs().decode()
    assert '"/health"' not in container.logs().decode()


def test_a_caller_who_leaves_is_logged_without_what_he_sent(stack: Stack) -> None:
    """Caddy warns of an answer that it could not give, with the whole request unless it is told not to."""
    secret = "canary-" + unique_name("secret")
    with httpx.stream(
        "GET", f"{stack.url}/stream=3?key={secret}", headers={"X-Key": secret}, trust_env=False
    ) as answer:
        next(answer.iter_lines())
    container = connected().client.containers.get(stack.edge.container.id)
    until(lambda: b'"uri":"/stream=3"' in container.logs())  # told when it has ended
    assert secret not in container.logs().decode()


def test_no_caller_writes_long_lines_into_the_log(stack: Stack) -> None:
    long, host = "x" * 20_000, ("127.0.0.1", int(stack.url.rpartition(":")[2]))
    for line, name in ((f"GET /{long}", "x"), ("GET /long-host", long), (f"{long} /long-method", "x")):
        with socket.create_connection(host, timeout=20) as caller:
            caller.sendall(f"{line} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
            assert caller.recv(1000).startswith(b"HTTP/1.1 ")
    container = connected().client.containers.get(stack.edge.container.id)
    until(lambda: b"/long-method" in container.logs())
    lines = container.logs().decode().splitlines()
    assert max(map(len, lines)) < 1000
    assert sum("x" * 199 in line for line in lines) == 3


def test_what_it_cannot_serve_is_refused(stack: Stack) -> None:
    before = stack.edge.route(API)
    for service, containers, words in (
        (of("other", {"image": "x"}, "x"), [], "does not do what it is told"),
        (API, [f"{number:012x}" for number in range(PLACES + 1)], "has 7 containers"),
    ):
        with pytest.raises(EdgeError, match=words):
            stack.edge.switch(service, containers)
    assert stack.edge.route(API) == before


@pytest.mark.nightly
def test_what_was_switched_last_outlives_its_container_but_not_its_volume(stack: Stack) -> None:
    """The last test of this stack."""
    client, project = connected().client, stack.project
    stack.edge.switch(API, stack.api[:1])
    for change in ("container", "volume"):
        client.containers.get(stack.edge.container.id).remove(v=True, force=True)
        if change == "volume":
            client.volumes.get(f"{project.name}_edge-data").remove()
        project.ok("dev", "--no-build")
        assert stack.edge.upstreams(API) == (tuple(stack.api[:1]) if change == "container" else ())
        assert stack.who() <= set(stack.api)
    client.containers.get(stack.edge.container.id).stop(timeout=1)
    assert stack.edge.upstreams(API) == ()  # read from its volume
    with pytest.raises(EdgeError, match="edge, the edge, does not run"):
        stack.edge.switch(API, stack.api[:1])


def test_with_a_domain_it_serves_https(tmp_path: Path, project_name: str) -> None:
    """Of a name that is this machine's own, Caddy makes the certificate itself."""
    project = make(tmp_path / "https", project_name, DOMAIN="shop.localhost", API_BIND="127.83.71.5")
    started = project.ok("dev", "--json").json
    assert started["urls"] == {"API": "https://shop.localhost"}
    redirected = httpx.get("http://127.83.71.5/x?y=1", headers={"Host": "shop.localhost"}, trust_env=False)
    assert (redirected.status_code, redirected.headers["location"]) == (308, "https://shop.localhost/x?y=1")
    assert httpx.get("http://127.83.71.5/health", trust_env=False).json()["method"] == "GET"
    assert httpx.get("http://127.83.71.5/x", trust_env=False).headers["location"] == "https://shop.localhost/x"
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.83.71.5", 443), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname="shop.localhost") as secure,
    ):
        secure.sendall(b"GET /x HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n\r\n")
        got = b"".join(iter(lambda: secure.recv(65536), b""))
    assert got.startswith(b"HTTP/1.1 200")
    assert b'"x-forwarded-proto": "https"' in got


def answers(stack: Stack) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return stack.get().status_code == 200
    return False
