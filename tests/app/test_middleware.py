"""Bodies that are too long or too slow; tested on a real socket, as they come."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Callable

import httpx
import pytest
import uvicorn

from app import middleware, protocol
from app.main import create_app
from app.settings import Settings
from tests.app.servers import AsgiServer, McpServer

Serve = Callable[..., httpx.Client]
PATH = "/api/v1/diagrams/validate"


def test_a_body_within_the_limit_is_read(serve: Serve, mcp: McpServer) -> None:
    code = "x" * 50_000
    assert serve(mcp_url=mcp.url + "/mcp").post(PATH, json={"code": code}).status_code == 200


def test_an_announced_long_body_is_refused_unread(serve: Serve) -> None:
    client = serve()
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=60) as connection:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413")
    assert client.get("/health/live").status_code == 200


def test_an_unannounced_long_body_is_refused(serve: Serve) -> None:
    client = serve()
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=60) as connection:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        for _ in range(17):
            connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        answer = connection.recv(4000)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"application/problem+json" in answer


def test_a_slow_body_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "BODY_TIMEOUT", 0.3)
    client = serve()
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=60) as connection:
        connection.sendall(f'POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{{"code": '.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 408")
    assert client.get("/health/live").status_code == 200


def test_a_body_that_nobody_wants_is_read_before_the_answer(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "REST_TIMEOUT", 600.0)
    client = serve(api_keys=f"default:{secrets.token_urlsafe(30)}")
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=60) as connection:
        head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n\r\n"
        connection.sendall(head.encode() + b"x" * 450_000)
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.recv(100)
        connection.settimeout(60)
        connection.sendall(b"x" * 450_000)
        assert connection.recv(100).startswith(b"HTTP/1.1 401")
        # Nothing of it is left: the connection can be used again.
        connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while b"alive" not in answer:
            answer += (got := connection.recv(4000))
            assert got


@pytest.mark.parametrize("more", ["", "Expect: 100-continue\r\n"], ids=["late", "asked"])
def test_a_body_that_does_not_come_does_not_keep_the_answer(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, more: str
) -> None:
    monkeypatch.setattr(middleware, "REST_TIMEOUT", 600.0 if more else 0.2)
    client = serve(api_keys=f"default:{secrets.token_urlsafe(30)}")
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=60) as connection:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\n{more}Content-Length: 900000\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize(
    "sent", [b"", b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Slow: "], ids=["nothing", "half a head"]
)
def test_a_request_that_does_not_begin_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT", 0.3)
    client = serve()
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=60) as connection:
        connection.sendall(sent)
        assert connection.recv(100) == b""


def test_a_further_request_that_does_not_begin_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    client = serve()
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=60) as connection:
        connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while b"alive" not in answer:
            answer += connection.recv(1000)
        monkeypatch.setattr(protocol, "HEAD_TIMEOUT", 0.3)
        connection.sendall(b"GET /health")
        assert connection.recv(100) == b""


def test_a_body_that_goes_on_for_ever_after_its_answer_is_given_up(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "REST_TIMEOUT", 0.1)
    client = serve()
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=60) as connection:
        connection.sendall(b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n\r\n")
        answer = b""
        while b"nothing at this path" not in answer:
            answer += (got := connection.recv(4000))
            assert got
        monkeypatch.setattr(protocol, "HEAD_TIMEOUT", 0.3)
        connection.sendall(b"x")  # it ends uvicorn's own limit
        assert connection.recv(100) == b""


def test_a_connection_whose_body_came_after_its_answer_serves_the_next_request(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "REST_TIMEOUT", 0.1)
    client = serve()
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=60) as connection:
        connection.sendall(b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n")
        answer = b""
        while b"nothing at this path" not in answer:
            answer += (got := connection.recv(4000))
            assert got
        connection.sendall(b"{}GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200")


def test_what_is_written_is_sent_at_once(settings: Callable[..., Settings]) -> None:
    # As uvicorn makes the socket that its workers share: its protocol is 0, so asyncio does not take it for TCP.
    listening = socket.socket(socket.AF_INET)
    listening.bind(("127.0.0.1", 0))
    found: list[int] = []

    async def accept() -> None:
        config = uvicorn.Config(create_app(settings()), log_config=None)
        config.load()

        class Noting(protocol.BoundedProtocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                connection = transport.get_extra_info("socket")
                found.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

        state = uvicorn.server.ServerState()
        loop = asyncio.get_running_loop()
        made = await loop.create_server(lambda: Noting(config, state, {}), sock=listening)
        async with made:
            _, writer = await asyncio.open_connection(*listening.getsockname())
            while not found:
                await asyncio.sleep(0.01)
            writer.close()

    asyncio.run(asyncio.wait_for(accept(), 60))
    assert found[0] != 0


@pytest.mark.parametrize(
    ("path", "upgrade", "status"), [("/", "WebSocket", 400), ("/nope", "websocket", 400), ("/", "h2c", 200)]
)
def test_a_websocket_is_refused_without_advice(
    serve: Serve, caplog: pytest.LogCaptureFixture, path: str, upgrade: str, status: int
) -> None:
    answer = serve().get(path, headers={"connection": "Upgrade", "upgrade": upgrade, "sec-websocket-version": "13"})
    assert answer.status_code == status
    if status == 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert "no WebSockets" in answer.json()["detail"]
    assert "upgrade" not in caplog.text.lower()
    assert "pip" not in caplog.text


def test_a_slow_answer_is_waited_for(settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT", 0.1)
    app = create_app(settings())

    @app.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(0.4)
        return "done"

    with AsgiServer(app) as server:
        assert httpx.get(server.url + "/slow").json() == "done"


def test_500_connections_at_once_are_answered_and_nothing_is_lost(serve: Serve) -> None:
    client = serve()
    address = (client.base_url.host, client.base_url.port or 0)
    request = (
        f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n".encode()
    )
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(socket.create_connection(address, timeout=30)) for _ in range(500)]
        for connection in connections:
            connection.sendall(request)  # not yet complete
        assert client.get("/health/live").status_code == 200
        for connection in connections:
            connection.sendall(b"\r\n{}")
        assert {connection.recv(12) for connection in connections} == {b"HTTP/1.1 422"}
    assert client.get("/health/live").status_code == 200
