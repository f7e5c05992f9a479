"""This project's own stack on a machine without an engine, from a clean clone to nothing left."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from mcp import Client

from ops.native import places
from tests.conftest import unique_name
from tests.engine.conftest import copy_project
from tests.native.conftest import Market, end_all, processes, until

DIAGRAM = "flowchart LR\n  A --> B"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Market]:
    """A clean clone, which has never been started."""
    root = copy_project(tmp_path_factory.mktemp("clone") / "it").resolve()
    ports = {name: str(free_port()) for name in ("API_PORT", "MCP_PORT", "DB_PORT")}
    made = Market(root, unique_name("clone"), {**ports, "COMPOSE_PROFILES": "full-stack"})
    yield made
    made.invoke("stop")
    assert end_all(root) == []


def url(clone: Market, path: str = "") -> str:
    return f"http://127.0.0.1:{clone.environment['API_PORT']}{path}"


def post(clone: Market, path: str, content: dict[str, Any]) -> httpx.Response:
    return httpx.post(url(clone, path), json=content, trust_env=False, timeout=30)


def password(clone: Market) -> str:
    """The password that the first start has written to `.env`."""
    lines = (clone.root / ".env").read_text("utf-8").splitlines()
    return next(line.partition("=")[2].strip("'\"") for line in lines if line.startswith("POSTGRES_PASSWORD="))


def test_from_a_clean_clone_to_nothing_left(clone: Market) -> None:
    # As a user types it; the environment of the tests is the one that `uv sync` makes.
    line = [shutil.which("uv") or "uv", "run", "--active", "--no-sync", "invoke", "dev", "--json"]
    done = subprocess.run(
        line, cwd=clone.root, env={**clone.variables(), "VIRTUAL_ENV": sys.prefix}, capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    started = json.loads(done.stdout)
    assert started["runtime"] == "native"
    assert started["status"] in ("healthy", "degraded")  # without a key for the language model
    assert {each["service"]: each["ready"] for each in started["services"]} == {
        "ai-service": True,
        "db": True,
        "mcp-server": True,
    }
    checks = next(each for each in started["services"] if each["service"] == "ai-service")["checks"]
    assert checks["database"]["status"] == "healthy"
    assert checks["mcp_server"]["status"] == "healthy"

    # A diagram, through the API and through MCP itself.
    assert post(clone, "/api/v1/diagrams/validate", {"code": DIAGRAM}).json()["valid"] is True
    assert post(clone, "/api/v1/diagrams/validate", {"code": "flowchart LR\n  A -->"}).json()["valid"] is False
    assert asyncio.run(validate(clone))["valid"] is True

    # The database.
    where = {"host": "127.0.0.1", "port": int(clone.environment["DB_PORT"]), "user": "ba_copilot"}
    with psycopg.connect(**where, password=password(clone), dbname="ba_copilot") as client:
        client.execute("CREATE TABLE proof AS SELECT 42 AS answer")
    assert clone.ok("exec", "db", "--", "psql", "-tAc", "SELECT answer FROM proof").out == "42\n"

    # Hot reload of both.
    edit(clone.root / "app" / "main.py", "BA Copilot AI", "BA Copilot, edited")
    until(lambda: answer(url(clone, "/")).get("name") == "BA Copilot, edited", 30)
    edit(clone.root / "docker/mcp-server/src/tools.mjs", "validate_mermaid", "validate_mermaid_edited")
    until(lambda: "validate_mermaid_edited" in asyncio.run(tools(clone)), 30)

    clone.stopped()
    assert places.data(clone.root) == [places.of(clone.root, "db") / places.DATA]


def test_profiles_start_just_their_services(clone: Market) -> None:
    started = clone.ok("dev", "--profile", "db-only", "--json").json
    assert [each["service"] for each in started["services"]] == ["db"]
    clone.ok("stop")
    started = clone.ok("dev", "--profile", "ai-only", "--json").json
    assert [each["service"] for each in started["services"]] == ["ai-service", "mcp-server"]
    checks = next(each for each in started["services"] if each["service"] == "ai-service")["checks"]
    assert "database" not in checks or checks["database"]["status"] not in ("unhealthy", "error")
    # As it is: still without the database that this profile asks for none of.
    restarted = clone.ok("restart", "--service", "ai-service", "--json").json
    assert restarted["services"][0]["checks"].get("database") == checks.get("database")
    clone.stopped()


def test_prod_never_runs_without_an_engine(clone: Market) -> None:
    for arguments in (("prod",), ("prod", "--runtime", "native")):
        assert clone.invoke(*arguments).code == 4
    assert processes(clone.root) == []


async def validate(clone: Market) -> dict[str, Any]:
    async with Client(f"http://127.0.0.1:{clone.environment['MCP_PORT']}/mcp") as client:
        return dict((await client.call_tool("validate_mermaid", {"code": DIAGRAM})).structured_content or {})


async def tools(clone: Market) -> list[str]:
    """The names of the MCP server's tools; none while it starts again."""
    try:
        async with Client(f"http://127.0.0.1:{clone.environment['MCP_PORT']}/mcp") as client:
            return [each.name for each in (await client.list_tools()).tools]
    except Exception:  # noqa: BLE001 - whatever a server does that is starting
        return []


def answer(address: str) -> dict[str, Any]:
    try:
        return dict(httpx.get(address, trust_env=False).json())
    except httpx.HTTPError:
        return {}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
