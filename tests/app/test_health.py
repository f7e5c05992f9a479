"""/health: its status table, its bounds, its sharing, and that no secret shows."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from app import health
from app.database import Database
from app.validator import Validator
from tests.app.servers import McpServer, Postgres, free_port, wait_until

Serve = Callable[..., httpx.Client]


@pytest.fixture
def serve(serve: Serve) -> Serve:
    """The service as in development: it says to everybody why something is not healthy."""
    return functools.partial(serve, debug="true")


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check may take long on a busy machine."""
    monkeypatch.setattr(health, "CHECK_TIMEOUT", 30.0)


def test_healthy_when_every_check_passes(serve: Serve, mcp: McpServer, postgres_server: Postgres) -> None:
    client = serve(openrouter_api_key="sk-or-1", mcp_url=mcp.url + "/mcp", **postgres_server.environment)
    answer = client.get("/health")
    report = answer.json()
    assert (answer.status_code, report["status"]) == (200, "healthy")
    assert report["checks"]["openrouter_api"] == {"status": "configured"}
    assert report["checks"]["mcp_server"]["latency_ms"] > 0
    assert report["checks"]["database"]["latency_ms"] > 0
    assert {"timestamp", "version", "uptime_seconds"} <= report.keys()


def test_degraded_without_a_key(serve: Serve, mcp: McpServer) -> None:
    answer = serve(mcp_url=mcp.url + "/mcp").get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"]["openrouter_api"] == {"status": "missing", "variable": "OPENROUTER_API_KEY"}


def test_degraded_without_the_mcp_server(serve: Serve) -> None:
    answer = serve(openrouter_api_key="sk-or-1", mcp_url=f"http://127.0.0.1:{free_port()}/mcp").get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"]["mcp_server"]["status"] == "unhealthy"
    assert answer.json()["checks"]["mcp_server"]["error"]


def test_ready_where_no_database_was_asked_for(serve: Serve, mcp: McpServer) -> None:
    answer = serve(openrouter_api_key="sk-or-1", mcp_url=mcp.url + "/mcp", postgres_host="").get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "healthy")
    assert answer.json()["checks"]["database"] == {"status": "not_configured"}


def test_unhealthy_without_the_configured_database(serve: Serve, mcp: McpServer) -> None:
    client = serve(mcp_url=mcp.url + "/mcp", postgres_host="127.0.0.1", postgres_port=str(free_port()))
    answer = client.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
    assert "refused" in answer.json()["checks"]["database"]["error"]
    assert client.get("/health/live").json() == {"status": "alive"}


def test_wrong_password_says_so_and_shows_none(serve: Serve, postgres_server: Postgres) -> None:
    environment = {**postgres_server.environment, "POSTGRES_PASSWORD": "not-the-one"}
    answer = serve(**environment).get("/health")
    assert answer.status_code == 503
    assert "password authentication failed" in answer.json()["checks"]["database"]["error"]
    assert "not-the-one" not in answer.text


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_database_url_in_each_form(serve: Serve, postgres_server: Postgres, scheme: str) -> None:
    from urllib.parse import quote

    login = f"{postgres_server.user}:{quote(postgres_server.password, safe='')}"
    url = f"{scheme}://{login}@127.0.0.1:{postgres_server.port}/{postgres_server.database}"
    assert serve(database_url=url).get("/health").json()["checks"]["database"]["status"] == "healthy"


def test_checks_run_at_the_same_time_and_are_bounded(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    client = serve(postgres_host="127.0.0.1", postgres_port=str(free_port()))
    client.get("/health")
    running: set[type] = set()
    met = threading.Event()

    async def hang(self: object) -> None:
        running.add(type(self))
        if len(running) == 2:
            met.set()
        try:
            await asyncio.Event().wait()
        finally:
            running.discard(type(self))

    monkeypatch.setattr(Validator, "ping", hang)
    monkeypatch.setattr(Database, "ping", hang)
    for kept in ("SHARED_FOR", "GIVEN_FOR"):
        monkeypatch.setattr(health, kept, 0.0)
    monkeypatch.setattr(health, "CHECK_TIMEOUT", 0.5)
    answer = client.get("/health")
    assert answer.status_code == 503
    for name in ("mcp_server", "database"):
        assert answer.json()["checks"][name] == {"status": "unhealthy", "error": "no answer within 0.5 s"}
    assert met.is_set()


def test_the_result_is_shared_for_a_second(serve: Serve, mcp: McpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    client = serve(mcp_url=mcp.url + "/mcp")
    client.get("/health")
    monkeypatch.setattr(health, "SHARED_FOR", 60.0)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.get("/health").json()["timestamp"], range(24)))
    assert len(set(answers)) == 1
    monkeypatch.setattr(health, "SHARED_FOR", 0.0)
    monkeypatch.setattr(health, "GIVEN_FOR", 0.0)
    assert client.get("/health").json()["timestamp"] != answers[0]


def test_who_asks_steadily_never_waits_for_the_checks(
    serve: Serve, mcp: McpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = serve(mcp_url=mcp.url + "/mcp")
    first = client.get("/health").json()["timestamp"]
    monkeypatch.setattr(health, "SHARED_FOR", 0.0)
    monkeypatch.setattr(health, "GIVEN_FOR", 60.0)
    released = threading.Event()
    monkeypatch.setattr(Validator, "ping", lambda _: asyncio.to_thread(released.wait))
    for _ in range(3):
        assert client.get("/health").json()["timestamp"] == first  # though the next is being made
    released.set()
    wait_until(lambda: client.get("/health").json()["timestamp"] != first)


def test_recovers_when_the_mcp_server_comes_back(serve: Serve, mcp: McpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "SHARED_FOR", 0.0)
    monkeypatch.setattr(health, "GIVEN_FOR", 0.0)
    client = serve(openrouter_api_key="sk-or-1", mcp_url=mcp.url + "/mcp")
    statuses = [client.get("/health").json()["status"]]
    mcp.stop()
    statuses.append(client.get("/health").json()["status"])
    mcp.start()
    statuses.append(client.get("/health").json()["status"])
    assert statuses == ["healthy", "degraded", "healthy"]


def test_live_answers_while_checks_hang(serve: Serve, mcp: McpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    client = serve(mcp_url=mcp.url + "/mcp")
    for kept in ("SHARED_FOR", "GIVEN_FOR"):
        monkeypatch.setattr(health, kept, 0.0)
    hangs, released = threading.Event(), threading.Event()

    def ping() -> None:
        hangs.set()
        released.wait()

    monkeypatch.setattr(Validator, "ping", lambda _: asyncio.to_thread(ping))
    hanging = threading.Thread(target=client.get, args=("/health",))
    hanging.start()
    try:
        assert hangs.wait(30)
        assert client.get("/health/live").status_code == 200
        assert hanging.is_alive()
    finally:
        released.set()
        hanging.join()
