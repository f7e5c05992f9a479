"""The application of the tests, behind real HTTP, with a real MCP server and a real PostgreSQL."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

os.environ["API_ALLOW_ANONYMOUS"] = "true"  # app.main starts at its import, and refuses where nobody could use it

from app import generation, upkeep, writer
from app.main import create_app
from app.settings import Settings
from tests.app.openrouter import OpenRouter
from tests.app.servers import AsgiServer, McpServer, Postgres

del os.environ["API_ALLOW_ANONYMOUS"]  # it would open the stacks that other tests start in this process

KEY = "sk-or-v1-very-secret"

# Applications go on serving while other tests run: what one does by itself would be in their way. Its own tests let it.
upkeep.EVERY = 3600


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
    mcp_server.request_ids.clear()
    mcp_server.callers.clear()
    mcp_server.cancelled = 0
    mcp_server.busy = 0
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
def postgres_template(tmp_path_factory: pytest.TempPathFactory) -> Postgres:
    """An empty database that is never started: to copy is quicker than to initialise."""
    return Postgres(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def postgres_server(postgres_template: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    server = Postgres(tmp_path_factory.mktemp("postgres"), copy_of=postgres_template)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def postgres(postgres_template: Postgres, tmp_path: Path) -> Iterator[Postgres]:
    """A database of the test's own: empty, and free to be stopped."""
    server = Postgres(tmp_path, copy_of=postgres_template)
    server.start()
    yield server
    server.stop()


def make_settings(**environment: str) -> Settings:
    """Settings from what is given and nothing else; without API keys everybody may use the service."""
    environment = {key.lower(): value for key, value in environment.items()}
    if "api_keys" not in environment:
        environment.setdefault("api_allow_anonymous", "true")
    # Its own default names nothing here: a name server that is slow would hold the end of the tests.
    environment.setdefault("mcp_url", "http://127.0.0.1:9/mcp")
    before = dict(os.environ)
    os.environ.update({key.upper(): value for key, value in environment.items()})
    try:
        return Settings()
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def settings() -> Callable[..., Settings]:
    """Make settings from what is given and nothing else."""
    return make_settings


@contextlib.contextmanager
def serving(keep: bool = False) -> Iterator[Callable[..., httpx.Client]]:
    """Serve the application with given settings until the end; with `keep` once for the same settings."""
    kept: dict[frozenset[tuple[str, str]], httpx.Client] = {}
    servers: list[AsgiServer] = []
    with contextlib.ExitStack() as stack:

        def start(**environment: str) -> httpx.Client:
            key = frozenset(environment.items())
            if keep and key in kept:
                return kept[key]
            server = stack.enter_context(AsgiServer(create_app(make_settings(**environment))))
            servers.append(server)
            kept[key] = stack.enter_context(httpx.Client(base_url=server.url, timeout=60))
            return kept[key]

        yield start
        for server in servers:
            server.ask_to_stop()  # all end at the same time


@pytest.fixture
def serve() -> Iterator[Callable[..., httpx.Client]]:
    """Serve the application with these settings; gives a client of it."""
    with serving() as start:
        yield start


@pytest.fixture(scope="session")
def serve_once(
    mcp_server: McpServer, provider_server: OpenRouter, postgres_server: Postgres
) -> Iterator[Callable[..., httpx.Client]]:
    """The same, for tests that leave nothing behind in the application: it goes on serving the next ones.

    What the application calls ends after it: without these servers it would take ten seconds to end.
    """
    with serving(keep=True) as start:
        yield start


@pytest.fixture
def start(
    serve_once: Callable[..., httpx.Client],
    mcp: McpServer,
    provider: OpenRouter,
    postgres_server: Postgres,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., httpx.Client]:
    """Serve everything there is; more settings may be given. What is waited for between two tries takes no time."""
    monkeypatch.setattr(writer, "RETRY_PAUSE", 0.01)
    monkeypatch.setattr(generation, "BUSY_PAUSE", 0.01)

    def make(**environment: str) -> httpx.Client:
        defaults = {
            **postgres_server.environment,
            "openrouter_api_key": KEY,
            "openrouter_base_url": provider.url + "/api/v1",
            "mcp_url": mcp.url + "/mcp",
        }
        return serve_once(**{**{key.lower(): value for key, value in defaults.items()}, **environment})

    return make
