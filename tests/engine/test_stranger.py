"""A stranger before production as it is shipped: nothing is spent, read, changed or deleted without a key."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.app.openrouter import OpenRouter, says
from tests.engine.conftest import Project, api_key, until
from tests.engine.scene import connected

pytestmark = [pytest.mark.engine, pytest.mark.slow]

SECRET = "What the owner drew"
MODEL_KEY = "sk-or-v1-0123456789abcdef0123456789abcdef"
LIST = "/api/v1/diagrams"


@dataclass
class Server:
    """What a stranger sees, and what its owner knows."""

    stack: Project
    model: OpenRouter
    port: int
    key: str
    id: str

    def answer(self, request: bytes) -> bytes:
        """All that is answered to these bytes, until the connection closes or nothing more comes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(request)
            connection.settimeout(3)
            got = b""
            try:
                while chunk := connection.recv(65536):
                    got += chunk
            except TimeoutError:
                pass
            return got

    def owner(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=headers, trust_env=False, timeout=20)


@pytest.fixture(scope="module")
def server(shared_clone: Project) -> Iterator[Server]:
    """Production with its files as shipped: what stands in `.env` is what `env.init` wrote, and a model's endpoint."""
    shared_clone.ok("env.init")
    gateway = connected().client.networks.get("bridge").attrs["IPAM"]["Config"][0]["Gateway"]
    with OpenRouter(host=gateway) as model:
        model.plan(says("flowchart LR\n  spent --> money"))
        shared_clone.environment |= {"OPENROUTER_API_KEY": MODEL_KEY, "OPENROUTER_BASE_URL": f"{model.url}/api/v1"}
        shared_clone.ok("prod", "--timeout", "90", "--json")
        made = Server(shared_clone, model, int(shared_clone.environment["API_PORT"]), api_key(shared_clone), "")
        with made.owner() as owner:
            saved = owner.post(LIST, json={"code": "flowchart LR\n  a --> b", "title": SECRET})
            assert saved.status_code == 201, saved.text
            made.id = saved.json()["id"]
        yield made


def request(line: str, *headers: str, body: str = "") -> bytes:
    head = [f"{line} HTTP/1.1", *([] if any(h.lower().startswith("host:") for h in headers) else ["Host: localhost"])]
    if body:
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*head, "Connection: close", *headers, "", body]).encode()


PROMPT = json.dumps({"prompt": "x", "model": "vendor/most-expensive"})
CODE = json.dumps({"code": "flowchart LR\n a --> b", "title": "x" * 100})
STREAM = "Accept: text/event-stream"

ATTEMPTS = {
    # Spend.
    "write": request(f"POST {LIST}", body=PROMPT),
    "write, streamed": request(f"POST {LIST}", STREAM, body=PROMPT),
    "edit": request(f"POST {LIST}/ID/revisions", body='{"change": "x"}'),
    "edit, streamed": request(f"POST {LIST}/ID/revisions", STREAM, body='{"change": "x"}'),
    "write with a slash at the end": request(f"POST {LIST}/", body=PROMPT),
    "write with two slashes": request(f"POST /{LIST}", body=PROMPT),
    "write from a page": request(f"POST {LIST}", "Origin: http://localhost", body=PROMPT),
    "write, with another method told": request("GET /health", "X-HTTP-Method-Override: POST", body=PROMPT),
    # Read.
    "list": request(f"GET {LIST}?limit=100"),
    "list the deleted": request(f"GET {LIST}?deleted=true"),
    "search": request(f"GET {LIST}?search=owner"),
    "show": request(f"GET {LIST}/ID"),
    "show what was": request(f"GET {LIST}/ID/revisions"),
    "list by HEAD": request(f"HEAD {LIST}"),
    "list by OPTIONS": request(f"OPTIONS {LIST}", "Access-Control-Request-Method: GET", "Origin: http://localhost"),
    "list by TRACE": request(f"TRACE {LIST}"),
    "list by a method of nobody's": request(f"LIST {LIST}"),
    "list by CONNECT": request(f"CONNECT {LIST}"),
    "list in capitals": request("GET /API/V1/DIAGRAMS"),
    "list through /health": request("GET /health/..%2fapi/v1/diagrams"),
    "list through a dot": request("GET /%2e/api/v1/diagrams"),
    "list through two dots": request("GET /assets/%2e%2e/api/v1/diagrams"),
    "list with a NUL": request("GET /api/v1/diagrams%00/health"),
    "list with a parameter of the path": request("GET /health;/api/v1/diagrams"),
    "list by the whole URL": request("GET http://localhost/api/v1/diagrams"),
    "list over HTTP/1.0": b"GET /api/v1/diagrams HTTP/1.0\r\n\r\n",
    "list as a WebSocket": request(f"GET {LIST}", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
    "types": request("GET /api/v1/diagram-types"),
    "validate": request(f"POST {LIST}/validate", body='{"code": "pie"}'),
    "documentation": request("GET /docs"),
    "its files": request("GET /static-offline-docs/swagger-ui-bundle.js"),
    "description": request("GET /openapi.json"),
    "figures": request("GET /metrics"),
    "files of the server": request("GET /assets/..%2f..%2f..%2fetc/passwd"),
    # Delete, change, fill.
    "delete": request(f"DELETE {LIST}/ID"),
    "delete with two slashes at the end": request(f"DELETE {LIST}/ID//"),
    "restore": request(f"POST {LIST}/ID/restore"),
    "rename": request(f"PATCH {LIST}/ID", body='{"title": "mine"}'),
    "undo": request(f"POST {LIST}/ID/revisions", body='{"revision": 1}'),
    "fill": request(f"POST {LIST}", body=CODE),
    "fill with a large body": request(f"POST {LIST}", body=json.dumps({"code": "x" * 900_000})),
    "replace": request(f"PUT {LIST}/ID", body=CODE),
    # Be another: where one comes from, and under which name.
    "rebound": request(f"GET {LIST}", "Host: evil.example"),
    "of the proxy's machine": request(f"GET {LIST}", "X-Forwarded-For: 127.0.0.1", "X-Real-IP: 127.0.0.1"),
    "of a forwarder": request(f"GET {LIST}", "Forwarded: for=127.0.0.1;proto=https;host=localhost"),
    "under another host": request(f"GET {LIST}", "X-Forwarded-Host: ai-service", "X-Original-URL: /health"),
    # Guess.
    "an empty key": request(f"GET {LIST}", "Authorization: Bearer "),
    "no scheme": request(f"GET {LIST}", "Authorization: default"),
    "the key's name": request(f"GET {LIST}", "Authorization: Bearer default"),
    "a password": request(f"GET {LIST}", "Authorization: Basic ZGVmYXVsdDpkZWZhdWx0"),
    "the model's key": request(f"GET {LIST}", f"Authorization: Bearer {MODEL_KEY}"),
    "two keys": request(f"GET {LIST}", "Authorization: Bearer a", "Authorization: Bearer b"),
    "a long key": request(f"GET {LIST}", "Authorization: Bearer " + "x" * 60_000),
    "a key of other letters": request(f"GET {LIST}", "Authorization: Bearer \xff\xfe"),
    "a key in the query": request(f"GET {LIST}?api_key=default&access_token=default"),
    "a key in a cookie": request(f"GET {LIST}", "Cookie: session=default; Authorization=Bearer"),
    # Two at once.
    "behind an open one": b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n" + request(f"DELETE {LIST}/ID"),
    "within a body": request("GET /health/live", "Transfer-Encoding: chunked", "Content-Length: 4")
    + b"0\r\n\r\n"
    + request(f"DELETE {LIST}/ID"),
}


@pytest.mark.nightly(day=12)
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_nothing_is_had_without_a_key(server: Server, attempt: str) -> None:
    got = server.answer(ATTEMPTS[attempt].replace(b"/ID", f"/{server.id}".encode()))
    statuses = list(map(int, re.findall(rb"HTTP/1\.[01] (\d{3}) ", got)))
    harmless = attempt in ("write, with another method told", "behind an open one", "within a body")
    assert statuses, got
    assert 400 <= statuses[-1] < 500 or (harmless and len(statuses) == 1), got
    for told in (SECRET, server.id, server.key, MODEL_KEY, "172.", "swagger", "root:"):
        assert told.encode() not in got, got


def test_there_are_enough_attempts() -> None:
    assert len(ATTEMPTS) >= 50


def test_what_is_open_tells_nothing_and_nothing_was_spent(server: Server) -> None:
    address = f"http://127.0.0.1:{server.port}"
    # A database that is busy with other tests may be late for one report.
    until(lambda: httpx.get(f"{address}/health", trust_env=False).status_code == 200)
    for path in ("/", "/health", "/health/live", "/api/v1/session"):
        answer = httpx.get(f"{address}{path}", trust_env=False)
        assert answer.status_code == 200, path
        for told in (SECRET, server.key, "172.", "error", "latency", "db:", "mcp-server:"):
            assert told not in answer.text, path
    assert server.model.requests == []
    with server.owner() as owner:
        items = owner.get(LIST).json()["items"]
        assert [(each["id"], each["title"], each["revision"]) for each in items] == [(server.id, SECRET, 1)]
        assert owner.get(f"{LIST}?deleted=true").json()["items"] == []


def test_nobody_can_say_that_he_is_another(server: Server) -> None:
    """Whom the API counts a request for is the client that the edge saw, neither the edge nor what the client says."""
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9"}
    httpx.get(f"http://127.0.0.1:{server.port}{LIST}", headers=forged, trust_env=False)
    container = connected().client.containers.get(server.stack.container("ai-service").id)
    said = [json.loads(line) for line in container.logs(tail=50).decode().splitlines()]
    edge = server.stack.container("edge").raw["NetworkSettings"]["Networks"][f"{server.stack.name}_default"]
    assert [each["caller"] for each in said if each.get("status") == 401][-1] == edge["Gateway"]


def test_nothing_but_the_edge_can_be_reached(server: Server) -> None:
    for container in server.stack.containers():
        published = {port for port, at in (container.raw["NetworkSettings"]["Ports"] or {}).items() if at}
        assert published == ({"80/tcp"} if container.service == "edge" else set())
    for port in ("MCP_PORT", "DB_PORT"):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(server.stack.environment[port])), timeout=5)


def test_its_owner_is_told_what_strangers_are_not(server: Server) -> None:
    """The tasks ask from outside, without a key; why it is unwell they have from the image's own health check."""
    container = connected().client.containers.get(server.stack.container("mcp-server").id)
    container.stop(timeout=1)

    def why() -> str:
        found = server.stack.invoke("health", "--json").json["services"]
        checks = next(each["checks"] for each in found if each["service"] == "ai-service")
        return str(checks.get("mcp_server", {}).get("error", ""))

    try:
        assert until(why)
        stranger = httpx.get(f"http://127.0.0.1:{server.port}/health", trust_env=False).json()
        assert stranger["checks"]["mcp_server"] == {"status": "unhealthy"}
        with server.owner() as owner:
            assert owner.get("/health").json()["checks"]["mcp_server"]["error"]
    finally:
        container.start()


@pytest.mark.nightly
def test_it_does_not_start_without_a_key(server: Server) -> None:
    """Neither by the tasks, which refuse before anything changes, nor by itself."""
    refused = server.stack.invoke("prod", "--json", env={"API_KEYS": ""})
    assert refused.code == 3
    assert "API_KEYS" in refused.out
    with server.owner() as owner:
        assert owner.get(LIST).status_code == 200  # what ran runs on
    image = server.stack.container("ai-service").raw["Image"]
    container = connected().client.containers.create(image, environment={"API_KEYS": ""})
    try:
        container.start()
        assert container.wait(timeout=60)["StatusCode"] != 0
        assert "setting API_KEYS is invalid" in container.logs().decode()
    finally:
        container.remove(force=True, v=True)
