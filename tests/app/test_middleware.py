"""Bodies that are too long or too slow; tested on a real socket, as they come."""

from __future__ import annotations

import socket
from collections.abc import Callable

import httpx
import pytest

from app import middleware
from tests.app.servers import McpServer

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
