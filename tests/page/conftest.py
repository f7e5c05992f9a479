"""The page in a real browser, on the real application, MCP server and PostgreSQL, and a scripted language model."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from filelock import FileLock
from playwright.sync_api import Browser, sync_playwright

from tests.app.conftest import (  # noqa: F401 - fixtures
    KEY,
    _clean_environment,
    mcp_server,
    postgres_server,
    postgres_template,
    provider,
    provider_server,
    serve_once,
)
from tests.app.openrouter import OpenRouter
from tests.app.servers import Postgres, free_port, wait_until
from tests.page.visitor import Visitor
from upready.runtime.native import executables

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "page" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium of the system; without one the tests are skipped, in CI they fail.

    Not for the session: while it is there, an event loop runs in this thread, and other tests cannot run their own.
    """
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium is installed: apt-get install chromium")
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        # Its own sandbox needs rights that root in a container does not have.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def built() -> None:
    """The page and the MCP server, built from this checkout; several processes of tests wait for one another."""
    with FileLock(ROOT / "page" / "node_modules.lock", timeout=240):
        if not AXE.exists():  # a build alone installs no development dependency
            _node("page", "../docker/mcp-server/install.mjs")
        for folder, script in (("page", "build.mjs"), ("docker/mcp-server", "src/prepare.mjs")):
            _node(folder, "--eval", f"import('./{script}').then((made) => (made.build ?? made.prepare)())")


def _node(folder: str, *words: str) -> None:
    line = [str(executables.node()), *words]
    done = subprocess.run(line, cwd=ROOT / folder, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def mermaid_server(built: None) -> Iterator[str]:
    """The MCP server of this checkout, which judges with Mermaid itself: its URL."""
    port = free_port()
    process = subprocess.Popen(
        [str(executables.node()), "src/main.mjs"],
        cwd=ROOT / "docker" / "mcp-server",
        env={**os.environ, "HOST": "127.0.0.1", "PORT": str(port)},
        stdout=subprocess.DEVNULL,
    )

    def answers() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/health", timeout=60).is_success
        except httpx.HTTPError:
            return False

    try:
        wait_until(answers)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def service(
    serve_once: Callable[..., httpx.Client],  # noqa: F811
    mermaid_server: str,
    provider: OpenRouter,  # noqa: F811
    postgres_server: Postgres,  # noqa: F811
) -> Callable[..., str]:
    """Serve everything; more settings may be given. Gives the URL."""

    def start(**environment: str) -> str:
        defaults = {
            **{key.lower(): value for key, value in postgres_server.environment.items()},
            "openrouter_api_key": KEY,
            "openrouter_base_url": provider.url + "/api/v1",
            "mcp_url": mermaid_server,
        }
        return str(serve_once(**{**defaults, **environment}).base_url)

    return start


@pytest.fixture
def visit(browser: Browser, service: Callable[..., str]) -> Iterator[Callable[..., Visitor]]:
    """Open the page as a new user; nothing may have gone wrong in the browser by the end of the test."""
    visitors: list[Visitor] = []

    def open_page(path: str = "/", environment: dict[str, str] | None = None, **options: object) -> Visitor:
        visitor = Visitor(browser, service(**(environment or {})), path, **options)
        visitors.append(visitor)
        return visitor

    yield open_page
    for visitor in visitors:
        visitor.close()
    assert [fault for visitor in visitors for fault in visitor.faults] == []
