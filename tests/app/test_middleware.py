"""Bodies that are too long or too slow; tested on a real socket, as they come."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

import httpx
import pytest

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
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=5) as connection:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413")
    assert client.get("/health/live").status_code == 200


def test_an_unannounced_long_body_is_refused(serve: Serve) -> None:
    client = serve()
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=5) as connection:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        for _ in range(17):
            connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        answer = connection.recv(4000)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"application/problem+json" in answer


def test_a_slow_body_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "BODY_TIMEOUT", 0.3)
    client = serve()
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=5) as connection:
        connection.sendall(f'POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{"code": '.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 408")
    assert client.get("/health/live").status_code == 200


@pytest.mark.parametrize(
    "sent", [b"", b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Slow: "], ids=["nothing", "half a head"]
)
def test_a_request_that_does_not_begin_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT", 0.3)
    client = serve()
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=5) as connection:
        connection.sendall(sent)
        assert connection.recv(100) == b""


def test_a_further_request_that_does_not_begin_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    client = serve()
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=5) as connection:
        connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = b""
        while b"alive" not in answer:
            answer += connection.recv(1000)
        monkeypatch.setattr(protocol, "HEAD_TIMEOUT", 0.3)
        connection.sendall(b"GET /health")
        assert connection.recv(100) == b""


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
    request = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n".encode()
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(socket.create_connection(address, timeout=30)) for _ in range(500)]
        for connection in connections:
            connection.sendall(request)  # not yet complete
        assert client.get("/health/live").status_code == 200
        for connection in connections:
            connection.sendall(b"\r\n{}")
        assert {connection.recv(12) for connection in connections} == {b"HTTP/1.1 422"}
    assert client.get("/health/live").status_code == 200
