"""The application of the tests, behind real HTTP, with a real MCP server and a real PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import httpx
import pytest

from app.main import create_app
from app.settings import Settings
from tests.app.openrouter import OpenRouter
from tests.app.servers import AsgiServer, McpServer, Postgres


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees this machine's own values."""
    for name in Settings.model_fields:
        for spelling in (name.upper(), name):
            monkeypatch.delenv(spelling, raising=False)


@pytest.fixture(scope="session")
def mcp_server() -> Iterator[McpServer]:
    server = McpServer()
    yield server
    server.stop()


@pytest.fixture
def mcp(mcp_server: McpServer) -> McpServer:
    """The MCP server, running; a test may stop it and start it again."""
    if not mcp_server.running:
        mcp_server.start()
    mcp_server.calls.clear()
    mcp_server.connections.clear()
    return mcp_server


@pytest.fixture(scope="session")
def provider_server() -> Iterator[OpenRouter]:
    server = OpenRouter()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def provider(provider_server: OpenRouter) -> OpenRouter:
    """The fake OpenRouter, with nothing planned."""
    provider_server.reset()
    return provider_server


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def settings() -> Callable[..., Settings]:
    """Make settings from what is given and nothing else."""

    def make(**environment: str) -> Settings:
        before = dict(os.environ)
        os.environ.update({key.upper(): value for key, value in environment.items()})
        try:
            return Settings()
        finally:
            os.environ.clear()
            os.environ.update(before)

    return make


@pytest.fixture
def serve(settings: Callable[..., Settings]) -> Iterator[Callable[..., httpx.Client]]:
    """Serve the application with these settings; gives a client of it."""
    opened: list[AsgiServer] = []
    clients: list[httpx.Client] = []

    def start(**environment: str) -> httpx.Client:
        server = AsgiServer(create_app(settings(**environment)))
        opened.append(server)
        server.start()
        client = httpx.Client(base_url=server.url, timeout=20)
        clients.append(client)
        return client

    yield start
    for client in clients:
        client.close()
    for server in opened:
        server.stop()
