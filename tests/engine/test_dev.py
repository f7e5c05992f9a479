"""The stack in development: from a clean clone to a real answer, and away again."""

from __future__ import annotations

import time

import pytest
import requests

from tests.engine.conftest import Project, until
from tests.engine.scene import connected

pytestmark = pytest.mark.engine

DIAGRAM = "flowchart LR\n  order --> invoice\n  invoice --> payment\n"


@pytest.fixture(scope="module")
def stack(shared_clone: Project) -> Project:
    """A clone whose stack runs, started by the one command of the README."""
    started = shared_clone.ok("dev", "--json").json
    assert started["status"] in ("healthy", "degraded")
    return shared_clone


def api(stack: Project, path: str) -> str:
    return f"http://127.0.0.1:{stack.environment['API_PORT']}{path}"


def test_dev_writes_env_with_generated_secrets(stack: Project) -> None:
    text = (stack.root / ".env").read_text("utf-8")
    password = next(line.partition("=")[2] for line in text.splitlines() if line.startswith("POSTGRES_PASSWORD="))
    assert len(password) >= 16
    assert (stack.root / ".env").stat().st_mode & 0o077 == 0


def test_every_service_is_ready(stack: Project) -> None:
    found = stack.ok("health", "--json").json
    assert {each["service"]: each["ready"] for each in found["services"]} == {
        "ai-service": True,
        "db": True,
        "mcp-server": True,
    }
    # Without a key the stack works, and says what it lacks.
    assert found["status"] == "degraded"
    checks = next(each["checks"] for each in found["services"] if each["service"] == "ai-service")
    assert checks["openrouter_api"]["status"] == "missing"
    assert stack.invoke("health", "--strict").code == 7


def test_docs_are_served(stack: Project) -> None:
    answer = requests.get(api(stack, "/docs"), timeout=5)
    assert answer.status_code == 200
    assert "swagger" in answer.text.lower()


def test_a_diagram_is_validated_through_api_and_mcp(stack: Project) -> None:
    good = requests.post(api(stack, "/api/v1/diagrams/validate"), json={"code": DIAGRAM}, timeout=10).json()
    assert good["valid"] is True
    assert good["diagram_type"].startswith("flowchart")
    bad = requests.post(api(stack, "/api/v1/diagrams/validate"), json={"code": "flowchart LR\n a --"}, timeout=10)
    assert bad.json()["valid"] is False


def test_a_row_is_read_from_the_database(stack: Project) -> None:
    psql = ["psql", "-U", "ba_copilot", "-d", "ba_copilot", "-tAc"]
    said = stack.ok("exec", "db", "--", *psql, "select 'a row of ' || current_database()")
    assert said.out.strip() == "a row of ba_copilot"
    # The command's own exit code is the task's.
    assert stack.invoke("exec", "db", "--", *psql, "select 1/0").code == 1
    assert stack.invoke("exec", "db", "--", "sh", "-c", "exit 42").code == 42


def test_ports_are_reachable_from_this_machine_only(stack: Project) -> None:
    hosts = {port[0] for each in stack.containers() for port in each.ports}
    assert hosts == {"127.0.0.1"}


def test_a_second_dev_changes_nothing(stack: Project) -> None:
    before = {each.id: each.started for each in stack.containers()}
    stack.ok("dev")
    assert {each.id: each.started for each in stack.containers()} == before


def test_the_api_reloads(stack: Project) -> None:
    assert is_told_of_edits(stack)
    an_edit_is_served(stack)


@pytest.mark.nightly
def test_the_api_reloads_where_no_mount_tells_of_edits(stack: Project) -> None:
    stack.ok("env.set", "RELOAD_POLLING=true")
    stack.ok("dev")
    assert "WATCHFILES_FORCE_POLLING=true" in stack.container("ai-service").raw["Config"]["Env"]
    assert not is_told_of_edits(stack)
    an_edit_is_served(stack)


def an_edit_is_served(stack: Project) -> None:
    source = stack.root / "app" / "main.py"
    original = source.read_bytes()
    try:
        with source.open("ab") as file:
            file.write(b'\n@app.get("/edited")\ndef edited() -> str:\n    return "edited"\n')
        until(lambda: _answer(api(stack, "/edited")))
    finally:
        source.write_bytes(original)
    until(lambda: _answer(api(stack, "/health")))


def is_told_of_edits(stack: Project) -> bool:
    """Whether the reloader has the kernel tell it of edits; else it looks for itself."""
    opened = stack.ok("exec", "ai-service", "--", "sh", "-c", "ls -l /proc/[0-9]*/fd 2>&1 || true").out
    assert "socket" in opened
    return "inotify" in opened


def test_the_mcp_server_reloads(stack: Project) -> None:
    url = f"http://127.0.0.1:{stack.environment['MCP_PORT']}/health"
    source = stack.root / "docker/mcp-server/src/router.mjs"
    original = source.read_text("utf-8")
    edited = original.replace("'application/json'", "'application/json; edited=yes'")
    assert edited != original, "the test's own edit no longer fits"

    def served() -> str:
        answer = _answer(url)
        return answer.headers["Content-Type"] if answer else ""

    try:
        source.write_text(edited, encoding="utf-8")
        until(lambda: served() == "application/json; edited=yes")
    finally:
        source.write_text(original, encoding="utf-8")
    until(lambda: served() == "application/json")


def test_status_and_images(stack: Project) -> None:
    running = stack.ok("status", "--json").json
    assert running["environment"] == "dev"
    assert {each["service"] for each in running["services"]} == {"ai-service", "db", "mcp-server"}
    assert all(each["memory"] > 0 and each["uptime_seconds"] > 0 for each in running["services"])
    measured = stack.ok("images", "--env", "dev", "--json").json["images"]
    service = next(each for each in measured if each["service"] == "ai-service")
    assert service["base"] == "python:3.13-slim"
    assert 0 < service["added"] < service["size"]


def test_config_masks_secrets(stack: Project) -> None:
    text = (stack.root / ".env").read_text("utf-8")
    password = next(line.partition("=")[2] for line in text.splitlines() if line.startswith("POSTGRES_PASSWORD="))
    assert password not in stack.ok("config").out
    assert password in stack.ok("config", "--reveal").out


def test_restart_waits_until_ready(stack: Project) -> None:
    before = stack.container("mcp-server").started
    stack.ok("restart", "--service", "mcp-server")
    assert stack.container("mcp-server").started != before
    assert stack.ok("health", "--json").json["status"] == "degraded"


def test_unknown_services_are_named(stack: Project) -> None:
    refused = stack.invoke("restart", "--service", "mcp", "--json")
    assert refused.code == 2
    assert "mcp-server" in str(refused.json["error"]["details"])


@pytest.mark.nightly
def test_stop_leaves_nothing_but_the_data(stack: Project) -> None:
    # Also when nothing can be read any more.
    (stack.root / ".env").write_text('POSTGRES_PASSWORD="never closed\n', encoding="utf-8")
    stopped = stack.ok("stop", "--json").json
    assert len(stopped["containers"]) == 3
    client = connected().client
    label = {"label": f"com.docker.compose.project={stack.name}"}
    assert client.api.containers(all=True, filters=label) == []
    assert client.api.networks(filters=label) == []
    assert [each["Name"] for each in client.api.volumes(filters=label)["Volumes"]] == [f"{stack.name}_db-data"]

    assert stack.ok("stop").out.strip().endswith("nothing runs")
    refused = stack.invoke("stop", "--volumes")
    assert refused.code == 2
    assert "--yes" in refused.err
    assert client.api.volumes(filters=label)["Volumes"]
    stack.ok("stop", "--volumes", "--yes")
    assert not client.api.volumes(filters=label)["Volumes"]


def _answer(url: str) -> requests.Response | None:
    """What is answered there; nothing while a server reloads, and the waiting test asks again."""
    try:
        return requests.get(url, timeout=2)
    except requests.RequestException:
        time.sleep(0.05)
        return None
