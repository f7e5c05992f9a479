"""This project's own stack on a machine without an engine, from a clean clone to nothing left."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from mcp import Client

from tests.app.openrouter import OpenRouter, says
from tests.conftest import unique_name
from tests.engine.conftest import copy_project
from tests.native.conftest import Market, end_all, processes, until
from upready.runtime.native import paths

DIAGRAM = "flowchart LR\n  A --> B"
EMOJI = "\N{GRINNING FACE}"
CASES = os.environ.get("MERMAID_CASES")


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenRouter]:
    """A language model that says what a test plans."""
    with OpenRouter() as server:
        assert isinstance(server, OpenRouter)
        yield server


@pytest.fixture(scope="module")
def clone(
    tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int], provider: OpenRouter
) -> Iterator[Market]:
    """A clean clone, which has never been started."""
    root = copy_project(tmp_path_factory.mktemp("clone") / "it").resolve()
    ports = {name: str(free_port()) for name in ("API_PORT", "METRICS_PORT", "MCP_PORT", "DB_PORT")}
    model = {"OPENROUTER_API_KEY": "sk-or-v1-no-real-one", "OPENROUTER_BASE_URL": f"{provider.url}/api/v1"}
    made = Market(root, unique_name("clone"), {**ports, **model, "COMPOSE_PROFILES": "full-stack"})
    yield made
    made.invoke("stop")
    assert end_all(root) == []


@pytest.fixture(scope="module")
def started(clone: Market) -> dict[str, Any]:
    """What the clone's first start said."""
    # As a user types it; the environment of the tests is the one that `uv sync` makes.
    line = [shutil.which("uv") or "uv", "run", "--active", "--no-sync", "invoke", "dev", "--json"]
    variables = {**clone.variables(), "VIRTUAL_ENV": sys.prefix}
    done = subprocess.run(line, cwd=clone.root, env=variables, capture_output=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def api(clone: Market, started: dict[str, Any]) -> Iterator[httpx.Client]:
    """A client of the clone's API, for the tests before the one that stops it."""
    assert started
    with httpx.Client(base_url=url(clone), trust_env=False, timeout=30) as client:
        yield client


def url(clone: Market, path: str = "") -> str:
    return f"http://127.0.0.1:{clone.environment['API_PORT']}{path}"


def password(clone: Market) -> str:
    """The password that the first start has written to `.env`."""
    lines = (clone.root / ".env").read_text("utf-8").splitlines()
    return next(line.partition("=")[2].strip("'\"") for line in lines if line.startswith("POSTGRES_PASSWORD="))


def test_a_clean_clone_starts(clone: Market, started: dict[str, Any]) -> None:
    assert started["runtime"] == "native"
    assert started["status"] == "healthy"
    assert {each["service"]: each["ready"] for each in started["services"]} == {
        "ai-service": True,
        "db": True,
        "mcp-server": True,
    }
    checks = next(each for each in started["services"] if each["service"] == "ai-service")["checks"]
    assert checks["database"]["status"] == "healthy"
    assert checks["mcp_server"]["status"] == "healthy"
    with psycopg.connect(
        host="127.0.0.1",
        port=int(clone.environment["DB_PORT"]),
        user="ba_copilot",
        password=password(clone),
        dbname="ba_copilot",
    ) as client:
        client.execute("CREATE TABLE proof AS SELECT 42 AS answer")
    assert clone.ok("exec", "db", "--", "psql", "-tAc", "SELECT answer FROM proof").out == "42\n"
    rights = "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname IN"
    query = f"{rights} (SELECT usename FROM pg_stat_activity WHERE application_name = 'ba-copilot-ai')"
    assert clone.ok("exec", "db", "--", "psql", "-tAc", query).out == "f|f|f\n"


def test_diagrams_are_judged_through_the_api_and_through_mcp(clone: Market, api: httpx.Client) -> None:
    assert asyncio.run(validate(clone))["valid"] is True
    assert judge(api, DIAGRAM)["valid"] is True
    assert judge(api, "flowchart LR\n  A -->")["valid"] is False
    for indent in ("x", "xx"):  # one of them has the middle of an emoji where a long line is shortened
        verdict = judge(api, indent + EMOJI * 200)
        assert verdict["valid"] is False
        assert verdict["errors"][0]["excerpt"].startswith(indent + EMOJI)


@pytest.mark.nightly
@pytest.mark.skipif(not CASES, reason="MERMAID_CASES names no folder with mermaid_valid.jsonl, mermaid_invalid.jsonl")
def test_foreign_diagrams_are_judged_as_in_a_browser(api: httpx.Client) -> None:
    """Rows are `{id, type, code}`, judged by Mermaid in Chromium.

    One rule of our own: Mermaid alone knows no Markdown fence, so it refuses a good diagram in one; we take it off.
    """
    valid, invalid = (rows(f"mermaid_{name}.jsonl") for name in ("valid", "invalid"))
    with ThreadPoolExecutor(4) as threads:
        verdicts = dict(
            zip(
                [each["id"] for each in valid + invalid],
                threads.map(lambda each: judge(api, each["code"]), valid + invalid),
                strict=True,
            )
        )
    wrong = []
    for each in valid:
        wanted = {"valid": True, "reason": None, "diagram_type": each["type"], "errors": []}
        verdict = verdicts[each["id"]]
        wrong += [(each, verdict)] if verdict | wanted != verdict or verdict["drawable"] is False else []
    for each in invalid:
        verdict, fenced = verdicts[each["id"]], each["code"].startswith("```mermaid\n")
        explained = fenced or (verdict["errors"][0]["message"] and verdict["errors"][0]["line"])
        wrong += [(each, verdict)] if verdict["valid"] is not fenced or not explained else []
    assert wrong == []
    assert len(verdicts) == len(valid + invalid) > 0


def test_a_diagram_is_written_repaired_and_stored(api: httpx.Client, provider: OpenRouter) -> None:
    """Nothing is played here but the language model."""
    provider.plan(says("flowchart LR\n  A[call f(x)] --> B"), says(f"```mermaid\n{DIAGRAM}\n```"))
    answer = api.post("/api/v1/diagrams", json={"prompt": "What calls f?"})
    made = answer.json()
    assert answer.status_code == 201
    assert (made["code"], made["diagram_type"]) == (DIAGRAM, "flowchart-v2")
    assert (made["validated"], made["attempts"], made["warnings"]) == (True, 2, [])
    # The model was told what was wrong, on which line, and what to do about it.
    told = provider.requests[-1]["messages"][-1]["content"]
    assert "Unexpected `(`" in told
    assert "2" in told
    assert "double quotes" in told
    stored = api.get(answer.headers["location"]).json()
    assert (stored["code"], stored["prompt"]) == (DIAGRAM, "What calls f?")


@pytest.mark.usefixtures("started")
def test_edits_are_served_and_stop_leaves_nothing(clone: Market) -> None:
    edit(clone.root / "app" / "main.py", "BA Copilot AI", "BA Copilot, edited")
    until(lambda: answer(url(clone, "/")).get("name") == "BA Copilot, edited")
    edit(clone.root / "docker/mcp-server/src/tools.mjs", "validate_mermaid", "validate_mermaid_edited")
    until(lambda: "validate_mermaid_edited" in asyncio.run(tools(clone)))

    clone.stopped()
    assert paths.data(clone.root) == [paths.of(clone.root, "db") / paths.DATA]


@pytest.mark.nightly
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


def judge(client: httpx.Client, code: str) -> dict[str, Any]:
    """The API's verdict."""
    answer = client.post("/api/v1/diagrams/validate", json={"code": code})
    assert answer.status_code == 200, (code, answer.text)
    return dict(answer.json())


def rows(name: str) -> list[dict[str, Any]]:
    lines = (Path(str(CASES)) / name).read_text("utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


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
