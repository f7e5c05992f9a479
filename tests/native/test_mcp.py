"""`invoke mcp` with the official client, over stdio, on a stack that runs natively."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import jsonschema
import pytest
from mcp import Client, StdioServerParameters
from mcp.shared.exceptions import MCPError

from tests.conftest import unique_name
from tests.engine.conftest import Project
from upready.support import platform

PASSWORD = "correct-horse-battery-staple"
LOOKING = {*("status", "health", "diagnose", "logs", "config"), *("env_check", "releases", "audit", "images", "doctor")}
CHANGING = {"dev", "restart", "stop", "prod", "rollback"}

STACK = f"""
services:
  web:
    image: web
    environment: {{DB_PASSWORD: {PASSWORD}}}
    x-ops:
      stable: 0
      native: {{command: ["{{python}}", -u, -c, "import time; print('password {PASSWORD} is set'); time.sleep(600)"]}}
"""


class Shop(Project):
    """A stack of one process."""

    def variables(self, extra: Any = None) -> dict[str, str]:
        return {**super().variables(extra), "DOCKER_HOST": "unix:///nonexistent.sock"}

    def talk(self, *options: str, to: Callable[[Client], Awaitable[None]]) -> None:
        """Start the server as a client does, and talk to it."""
        command = [sys.executable, "-m", "upready", "mcp", *options]
        server = StdioServerParameters(command=command[0], args=command[1:], env=self.variables(), cwd=self.root)

        async def run() -> None:
            async with Client(server, read_timeout_seconds=120) as client:
                await to(client)

        anyio.run(run)


@pytest.fixture
def shop(root: Path) -> Any:
    made = Shop(root, unique_name("mcp"))
    made.write("compose.yaml", STACK)
    yield made
    subprocess.run([sys.executable, "-m", "upready", "stop"], cwd=root, env=made.variables(), check=True)


def test_only_looks_unless_told(shop: Shop) -> None:
    async def conversation(client: Client) -> None:
        tools = {each.name: each for each in (await client.list_tools()).tools}
        assert set(tools) == LOOKING
        assert all(each.annotations and each.annotations.read_only_hint for each in tools.values())
        with pytest.raises(MCPError, match="--allow-changes"):
            await client.call_tool("stop", {})

    shop.talk(to=conversation)


@pytest.mark.slow
def test_starts_looks_and_stops(shop: Shop) -> None:
    async def conversation(client: Client) -> None:
        tools = {each.name: each for each in (await client.list_tools()).tools}
        assert set(tools) == LOOKING | CHANGING
        hints = {name: tools[name].annotations for name in CHANGING}
        assert not any(each and each.read_only_hint for each in hints.values())
        assert {name for name, each in hints.items() if each and each.destructive_hint} == CHANGING - {"dev"}

        async def call(name: str, arguments: Any = None) -> Any:
            heard: list[str] = []

            async def progress(_: float, __: float | None, message: str | None) -> None:
                heard.append(message or "")

            result = await client.call_tool(name, arguments or {}, progress_callback=progress)
            jsonschema.Draft202012Validator(tools[name].output_schema).validate(result.structured_content)
            assert PASSWORD not in result.model_dump_json() + "".join(heard)
            return result

        stopped = await call("health")
        assert stopped.structured_content["status"] == "stopped"
        assert stopped.structured_content["exit_code"] == 7
        assert not stopped.is_error

        wrong = await call("restart", {"service": ["wbe"]})
        assert wrong.is_error
        assert wrong.structured_content["error"]["code"] == wrong.structured_content["exit_code"] == 2

        assert (await call("dev")).structured_content["status"] == "healthy"
        assert (await call("health")).structured_content["exit_code"] == 0
        (service,) = (await call("status")).structured_content["services"]
        assert service["state"] == "running"
        (line,) = (await call("logs", {"service": ["web"]})).structured_content["lines"]
        assert line["message"].startswith("password ")
        assert "services" in (await call("config")).structured_content
        assert (await call("images")).structured_content["exit_code"] == 4
        assert (await call("stop", {"volumes": True})).is_error
        assert (await call("health")).structured_content["exit_code"] == 0
        await call("stop")
        assert (await call("health")).structured_content["status"] == "stopped"

    shop.talk("--allow-changes", to=conversation)


@pytest.mark.skipif(platform.WINDOWS, reason="Windows has no signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_while_the_client_is_still_there(shop: Shop, number: signal.Signals) -> None:
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a test", "version": "1"}}
    asked = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello})
    command = [sys.executable, "-m", "upready", "mcp"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=shop.root, env=shop.variables(), stdin=pipe, stdout=pipe, stderr=pipe) as server:
        assert server.stdin
        assert server.stdout
        try:
            server.stdin.write(f"{asked}\n".encode())
            server.stdin.flush()
            assert json.loads(server.stdout.readline())["id"] == 1
            server.send_signal(number)
            assert server.wait(60) == 130
        finally:
            server.kill()


def test_what_is_no_message_is_answered_too(shop: Shop) -> None:
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a test", "version": "1"}}
    sent = [
        '{"jsonrpc": "2.0", "id": 1, "method"',
        '{"jsonrpc": "2.0", "id": 2}',
        '{"jsonrpc": "2.0", "id": 3, "method": "ping", "params": [1]}',
        '{"jsonrpc": "2.0", "id": null, "method": "ping"}',
        json.dumps({"jsonrpc": "2.0", "id": 4, "method": "initialize", "params": hello}),
        '{"jsonrpc": "2.0", "id": 5, "method": "ping"}',
    ]
    command = [sys.executable, "-m", "upready", "mcp"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=shop.root, env=shop.variables(), stdin=pipe, stdout=pipe, stderr=pipe, encoding="utf-8"
    ) as server:
        assert server.stdin
        assert server.stdout
        try:
            found = []
            for each in sent:
                server.stdin.write(f"{each}\n")
                server.stdin.flush()
                told = json.loads(server.stdout.readline())
                found.append((told["id"], told.get("error", {}).get("code")))
            assert found == [(None, -32700), (2, -32600), (3, -32600), (None, -32600), (4, None), (5, None)]
        finally:
            server.kill()


def test_says_how_to_install_what_is_missing(shop: Shop) -> None:
    code = (
        "import sys, importlib.abc\n"
        "class Missing(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'mcp': raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        "sys.argv = ['upready', 'mcp']\n"
        "from upready.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=shop.root, env=shop.variables(), capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "needs the package mcp" in done.stderr
    assert "next: " in done.stderr
