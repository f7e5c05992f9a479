"""Who may do what, over HTTP: keys, scopes, what is open to everybody, and that no route was forgotten."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable, Iterator

import httpx
import pytest
from starlette.routing import BaseRoute, Mount, Route

from app import healthcheck, keys
from app.main import create_app
from app.settings import Settings
from tests.app.openrouter import OpenRouter, says
from tests.app.servers import AsgiServer, Postgres, free_port, uvicorn_process, wait_until

Serve = Callable[..., httpx.Client]
Start = Callable[..., httpx.Client]

FULL = "kY8vQ2mZ7tR4wX1nB6cD3fG9"
READING = "pL5sH0jV8aE2uM7qT4yN1xC6"
KEYS = f"planning:{FULL},reports:{READING}:read"
ID = "01a20ac0-9469-754c-8c35-0bbbd71ab697"
PROMPT = {"prompt": "An order is paid"}


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def client(start: Start) -> httpx.Client:
    """Everything there is, as in production: a key is needed."""
    return start(api_keys=KEYS)


def paths(routes: list[BaseRoute]) -> Iterator[tuple[str, str]]:
    """Every method and path that a route serves."""
    for route in routes:
        included = getattr(route, "original_router", None)  # FastAPI's own class is private
        if included is not None:
            yield from paths(included.routes)
        elif isinstance(route, Mount):
            yield "GET", f"{route.path}/x"
        else:
            assert isinstance(route, Route), f"{route} is of a kind that nothing refuses"
            for method in route.methods or ():
                yield method, route.path.replace("{id}", ID).replace("{name}", "x")


def test_no_route_was_forgotten(client: httpx.Client, settings: Callable[..., Settings]) -> None:
    opened = set()
    served = list(paths(list(create_app(settings()).routes)))
    assert len(served) >= 12
    for method, path in served:
        answer = client.request(method, path)
        if answer.status_code == 401:
            assert answer.headers["www-authenticate"] == "Bearer"
            assert method == "HEAD" or answer.json()["type"] == "no-api-key"
        else:
            opened.add((method, path))
    assert {path for method, path in opened if path != "/health/live"} <= {
        "/",
        "/health",
        "/api/v1/session",
        "/assets/x",
    }
    assert {method for method, _ in opened} <= {"GET", "HEAD"}


def test_a_key_opens_what_its_scope_says(client: httpx.Client, provider: OpenRouter) -> None:
    for key in (FULL, READING):
        for path in ("/api/v1/diagrams", "/api/v1/diagram-types", "/openapi.json", "/docs"):
            assert client.get(path, headers=bearer(key)).status_code == 200, path
            assert client.head(path, headers=bearer(key)).status_code == 200, path
        validated = client.post("/api/v1/diagrams/validate", json={"code": "pie"}, headers=bearer(key))
        assert validated.status_code == 200
    refused = [
        client.post("/api/v1/diagrams", json=PROMPT, headers=bearer(READING)),
        client.delete(f"/api/v1/diagrams/{ID}", headers=bearer(READING)),
        client.patch(f"/api/v1/diagrams/{ID}", headers=bearer(READING)),
        client.post(f"/api/v1/diagrams/{ID}/revisions", headers=bearer(READING)),
        client.request("TRACE", "/api/v1/diagrams", headers=bearer(READING)),
    ]
    assert {(answer.status_code, answer.json()["type"]) for answer in refused} == {(403, "scope-missing")}
    assert "reports" in refused[0].json()["detail"]
    assert provider.requests == []
    provider.plan(says("pie"))
    assert client.delete(f"/api/v1/diagrams/{ID}", headers=bearer(FULL)).status_code == 404
    assert client.post("/api/v1/diagrams", json=PROMPT, headers={"authorization": f"bearer {FULL}"}).status_code == 201


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        (f"Bearer {FULL[:-1]}", "api-key-unknown"),
        (f"Bearer {FULL}x", "api-key-unknown"),
        (f"Bearer {FULL.lower()}", "api-key-unknown"),
        (f"Bearer planning:{FULL}", "api-key-unknown"),
        (f"Bearer {KEYS}", "api-key-unknown"),
        ("Bearer", "api-key-unknown"),
        ("Bearer " + "x" * 8000, "api-key-unknown"),
        (FULL, "no-api-key"),
        (f"Basic {FULL}", "no-api-key"),
        (f"Token {FULL}", "no-api-key"),
        ("", "no-api-key"),
    ],
)
def test_anything_but_a_known_key_is_refused(client: httpx.Client, value: str, type_: str) -> None:
    answer = client.get("/api/v1/diagrams", headers={"Authorization": value})
    assert (answer.status_code, answer.json()["type"]) == (401, type_)
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"
    assert value == "" or value not in answer.text


def test_a_key_is_taken_from_one_header_and_nowhere_else(client: httpx.Client) -> None:
    twice = [("Authorization", f"Bearer {FULL}"), ("Authorization", f"Bearer {FULL}")]
    assert client.get("/api/v1/diagrams", headers=twice).status_code == 401
    assert client.get("/api/v1/diagrams", params={"api_key": FULL, "access_token": FULL}).status_code == 401
    assert client.get("/api/v1/diagrams", headers={"X-API-Key": FULL, "Cookie": f"key={FULL}"}).status_code == 401


@pytest.mark.parametrize(
    "target",
    [
        "//api/v1/diagrams",
        "/API/v1/diagrams",
        "/api/v1/diagrams/",
        "/api/v1//diagrams",
        "/health/../api/v1/diagrams",
        "/health/%2e%2e/api/v1/diagrams",
        "/health%2f..%2fapi/v1/diagrams",
        "/assets/../api/v1/diagrams",
        "/assets/..%2fapi/v1/diagrams",
        "/api/v1/diagrams;/health",
        "/api/v1/diagrams%3f/health",
        "/api/v1/diagrams?/health",
        "/api/v1/diagrams%00",
        "http://localhost/api/v1/diagrams",
        "/health/live/../../api/v1/diagrams",
    ],
)
def test_no_spelling_of_a_path_leads_around(client: httpx.Client, target: str) -> None:
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=60) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith((b"HTTP/1.1 401", b"HTTP/1.1 404", b"HTTP/1.1 400"))
    assert b'"items"' not in answer


def test_in_development_everybody_may_and_a_key_that_is_given_is_checked(start: Start) -> None:
    client = start(api_keys=KEYS, api_allow_anonymous="true")
    assert client.get("/api/v1/diagrams").status_code == 200
    assert client.get("/api/v1/diagrams", headers={"Authorization": "Basic eDp5"}).status_code == 200
    assert client.get("/api/v1/diagrams", headers=bearer("x" * 30)).json()["type"] == "api-key-unknown"
    assert client.delete(f"/api/v1/diagrams/{ID}", headers=bearer(READING)).status_code == 403


def test_the_session_says_what_the_caller_may(client: httpx.Client, serve: Serve) -> None:
    def session(headers: dict[str, str]) -> dict[str, object]:
        answer = client.get("/api/v1/session", headers=headers)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        found: dict[str, object] = answer.json()
        return found

    stranger = {"name": "anonymous", "scopes": [], "key_required": True, "generation": True}
    assert session({}) == stranger
    assert session(bearer("not-known")) == stranger
    assert session(bearer(FULL)) == {**stranger, "name": "planning", "scopes": ["read", "write"]}
    assert session(bearer(READING)) == {**stranger, "name": "reports", "scopes": ["read"]}
    assert serve().get("/api/v1/session").json() == {
        "name": "anonymous",
        "scopes": ["read", "write"],
        "key_required": False,
        "generation": False,
    }


def test_strangers_are_not_told_why_it_is_unwell(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    client = serve(
        api_keys=KEYS, postgres_host="127.0.0.1", postgres_port=str(free_port()), mcp_url="http://[::1]:1/mcp"
    )
    for headers in ({}, bearer("not-known")):
        answer = client.get("/health", headers=headers)
        assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
        assert answer.json()["checks"]["database"] == {"status": "unhealthy"}
        assert "127.0.0.1" not in answer.text
        assert "::1" not in answer.text
    assert "refused" in client.get("/health", headers=bearer(READING)).json()["checks"]["database"]["error"]
    # The image's health check has the keys, and its output is what the tasks show.
    capsys.readouterr()
    assert not healthcheck.check("127.0.0.1", client.base_url.port or 0, api_keys=KEYS)
    assert "connection" in json.loads(capsys.readouterr().out.partition(" ")[2])["checks"]["database"]["error"]


def test_the_log_tells_whose_request_it_was(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "app.request"):
        client.get("/api/v1/diagrams", headers=bearer(FULL))
        client.get("/api/v1/diagrams", headers={"X-Forwarded-For": "192.0.2.7"})
        wait_until(lambda: len(caplog.records) >= 2)
    found = [record.__dict__["caller"] for record in caplog.records if record.name == "app.request"]
    assert found == ["planning", "192.0.2.7"]  # AsgiServer trusts 127.0.0.1, as uvicorn does by itself
    assert FULL not in caplog.text


@pytest.mark.slow
def test_only_trusted_proxies_are_believed(postgres_server: Postgres) -> None:
    for trusted, status in (("127.0.0.1", "192.0.2.7"), ("192.0.2.1", "127.0.0.1")):
        environment = {"FORWARDED_ALLOW_IPS": trusted, "API_KEYS": KEYS, "API_ALLOW_ANONYMOUS": ""}
        with uvicorn_process(environment=environment) as (process, url):
            answered(url)
            # Whoever stands before the proxy may write what he likes: the proxy's own word is the last one.
            forged = {"X-Forwarded-For": "203.0.113.9, 192.0.2.7", "X-Forwarded-Proto": "https"}
            answer = httpx.get(url + "/api/v1/diagrams", headers=forged)
            assert ("strict-transport-security" in answer.headers) == (trusted == "127.0.0.1")
            process.terminate()
            output = process.communicate(timeout=60)[0]
        lines = [json.loads(line) for line in output.splitlines()]
        assert [line["caller"] for line in lines if line["logger"] == "app.request"] == [status]


def answered(url: str) -> None:
    def lives() -> bool:
        try:
            return httpx.get(url + "/health/live").status_code == 200
        except httpx.TransportError:
            return False

    wait_until(lives)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "nobody could use the service"),
        ("planning", "number 1 has no name"),
        (FULL, "number 1 has no name"),
        (f"a b:{FULL}", "the name of number 1"),
        (f"anonymous:{FULL}", "no key may be called anonymous"),
        ("planning:", "planning has no key"),
        (f"planning:{FULL}:admin", ":read or :write"),
        (f"planning:{FULL}:read:x", ":read or :write"),
        (f"planning:{FULL},", "number 2 is empty"),
        (f"planning:{FULL},planning:{READING}", "two keys are called planning"),
        (f"planning:{FULL},reports:{FULL}", "the same key"),
        ("planning:kY8vQ2mZ7t", "shorter than 20"),
        ("planning:12345678901234567890123", "digits alone"),
        ("planning:aaaaaaaaaaaaaaaaaaaaaaaaaaaa", "few different"),
        ("planning:kY8vQ2mZkY8vQ2mZkY8vQ2mZ", "that is repeated"),
        ("planning:abcdefghijklmnopqrstuvwxyz", "is a sequence"),
        ("planning:change-me-please-my-secret-api-key", "common words"),
        (f"planning:{FULL} x", "letters, digits"),
    ],
)
def test_broken_and_weak_keys_are_refused_and_not_shown(
    settings: Callable[..., Settings], text: str, words: str
) -> None:
    with pytest.raises(ValueError, match="1 validation error") as caught:
        settings(api_keys=text)
    assert words in str(caught.value)
    assert "api_keys" in str(caught.value)
    for key in (*keys.texts(text), FULL):
        assert len(key) < 4 or key == "planning" or key not in str(caught.value)


def test_keys_are_masked_and_kept_as_hashes(settings: Callable[..., Settings]) -> None:
    made = settings(api_keys=KEYS)
    assert made.mask(f"x {FULL} y {READING} z") == "x *** y *** z"
    assert FULL not in repr(made)
    assert FULL not in repr(made.keys)
    assert [(each.name, sorted(each.scopes)) for each in made.keys] == [
        ("planning", ["read", "write"]),
        ("reports", ["read"]),
    ]


@pytest.mark.nightly(day=1)
@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends the workers otherwise")
@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--workers=2"]])
def test_it_does_not_start_where_nobody_could_be_refused(options: list[str]) -> None:
    environment = {"API_KEYS": "", "API_ALLOW_ANONYMOUS": "false", "LOG_FORMAT": "text"}
    with uvicorn_process(*options, environment=environment) as (process, _):
        output = process.communicate(timeout=60)[0]
    told = [line for line in output.splitlines() if "CRITICAL" in line]
    assert len(told) == (2 if options else 1)  # one a process
    assert "setting API_KEYS is invalid" in told[0]
    assert "API_ALLOW_ANONYMOUS" in told[0]
    assert "Traceback" not in output


def test_a_bug_is_answered_with_the_headers_of_security(settings: Callable[..., Settings]) -> None:
    app = create_app(settings(api_keys=KEYS))

    @app.get("/assets/deeper/bug")
    async def bug() -> None:
        raise KeyError

    with AsgiServer(app) as server:
        answer = httpx.get(server.url + "/assets/deeper/bug")
    assert answer.status_code == 500
    assert answer.headers["x-content-type-options"] == "nosniff"
