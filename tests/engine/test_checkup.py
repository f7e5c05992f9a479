"""`health`, `diagnose` and `status` as a user calls them, on a project whose answers the test decides."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest
import yaml

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, interrupt, until, write_tasks
from tests.engine.proxy import Proxy
from tests.engine.scene import connected
from upready.stack import compose
from upready.support import process

pytestmark = pytest.mark.engine

WEB = """
import http.server, pathlib
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status = pathlib.Path('/state/status').read_text()
        body = ('{"status": "%s", "checks": {"cache": {"status": "%s"}}}' % (status, status)).encode()
        self.send_response(503 if status == 'unhealthy' else 200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer(('', 8000), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Project]:
    """A project that is not running."""
    project = Project(tmp_path_factory.mktemp("shop"), unique_name("shop"))
    write_tasks(project.root)
    port = free_port()
    base: dict[str, Any] = {"image": "python:3.13-slim", "init": True, "stop_grace_period": "1s"}
    services = {
        "web": {
            **base,
            "command": ["python", "-uc", WEB],
            "ports": [f"127.0.0.1:{port}:8000"],
            "volumes": ["./state:/state:ro"],
            "mem_limit": "64m",
            "x-ops": {"health": f"http://127.0.0.1:{port}/"},
        },
        "job": {**base, "command": ["sh", "-c", "echo at work; sleep 600"]},
    }
    project.write("compose.yaml", yaml.safe_dump({"services": services}))
    project.write("state/status", "healthy")
    yield project
    remove_project(project.name)


@pytest.fixture
def running(shop: Project) -> Project:
    """The project, running and healthy."""
    shop.write("state/status", "healthy")
    shop.ok("dev", "--no-build")
    return shop


def test_nothing_runs(shop: Project) -> None:
    shop.ok("stop")
    found = shop.invoke("health", "--json")
    assert found.code == 7
    assert found.json["status"] == "stopped"
    assert "nothing runs" in shop.ok("diagnose").out
    assert shop.invoke("diagnose", "web").code == 2


@pytest.mark.nightly(day=2)
@pytest.mark.parametrize(
    ("status", "options", "code"),
    [
        ("healthy", [], 0),
        ("healthy", ["--strict"], 0),
        ("degraded", [], 0),
        ("degraded", ["--strict"], 7),
        ("unhealthy", [], 7),
    ],
)
def test_health(running: Project, status: str, options: list[str], code: int) -> None:
    running.write("state/status", status)
    found = running.invoke("health", "--json", *options)
    assert found.code == code
    assert found.json["status"] == status
    web = next(each for each in found.json["services"] if each["service"] == "web")
    assert web["ready"] is (status != "unhealthy")
    assert web["probe"]["status_code"] == (503 if status == "unhealthy" else 200)
    assert web["probe"]["latency_ms"] > 0
    assert web["checks"] == {"cache": {"status": status}}
    text = running.invoke("health", *options)
    assert text.code == code
    assert f"{running.name} is {status}" in text.out
    assert ("cache is degraded" in text.out) is (status == "degraded")


def test_health_waits(running: Project) -> None:
    running.write("state/status", "unhealthy")
    began = time.monotonic()
    assert running.invoke("health", "--wait", "1").code == 7
    assert time.monotonic() - began < 60
    timer = threading.Timer(2.0, running.write, ("state/status", "healthy"))
    timer.start()
    assert running.invoke("health", "--wait", "60").code == 0
    assert not timer.is_alive()


def test_health_is_watched(running: Project) -> None:
    task = running.begin("health", "--watch", "--json")
    assert task.stdout is not None
    assert json.loads(task.stdout.readline())["status"] == "healthy"
    running.write("state/status", "degraded")
    assert json.loads(task.stdout.readline())["status"] == "degraded"
    connected().client.api.kill(running.container("job").id)
    changed = json.loads(task.stdout.readline())
    assert changed["status"] == "unhealthy"
    assert next(each for each in changed["services"] if each["service"] == "job")["exit_code"] == 137
    ended = interrupt(task)
    assert ended.code == 130
    assert ended.err == ""


def test_watching_without_a_terminal_prints_a_line_a_change(running: Project) -> None:
    task = running.begin("health", "--watch")
    assert task.stdout is not None
    before = lines_until(task.stdout, f"{running.name} is healthy")
    assert any("web answers: healthy" in line for line in before)
    running.write("state/status", "unhealthy")
    after = lines_until(task.stdout, f"{running.name} is unhealthy")
    assert [line for line in after if "job" in line] == []
    assert any("web is not ready yet: HTTP 503" in line for line in after)
    assert interrupt(task).code == 130


def lines_until(stream: IO[str], words: str) -> list[str]:
    """What a task prints, up to the line with these words."""
    lines = []
    for line in iter(stream.readline, ""):
        lines.append(line)
        if words in line:
            return lines
    raise AssertionError(f"no line with {words!r} among {lines}")


def test_diagnose(running: Project) -> None:
    assert "every service is ready" in running.ok("diagnose").out
    connected().client.api.kill(running.container("job").id)
    until(lambda: running.container("job").state == "exited")
    found = running.ok("diagnose", "--json").json
    assert found["status"] == "unhealthy"
    (story,) = found["diagnoses"]
    assert story["service"] == "job"
    assert story["cause"] == "killed"
    assert story["facts"]["log"] == ["at work"]
    assert story["facts"]["exit_code"] == 137
    text = running.ok("diagnose", "job").out
    for words in ("job: killed", "SIGKILL", "at work", "next: "):
        assert words in text
    # One that is ready is shown all the same when it is asked for.
    web = running.ok("diagnose", "web", "--json").json["diagnoses"]
    assert [each["cause"] for each in web] == ["none"]
    unknown = running.invoke("diagnose", "wb", "--json")
    assert unknown.code == 2
    assert "services: job, web" in unknown.json["error"]["details"]


def test_status(running: Project) -> None:
    found = running.ok("status", "--json").json
    web = next(each for each in found["services"] if each["service"] == "web")
    assert web["memory_limit"] == 64 << 20
    assert 0 < web["memory"] < web["memory_limit"]
    assert web["cpu_percent"] >= 0
    assert web["ports"][0]["target"] == 8000
    text = running.ok("status").out
    assert "67.1 MB" in text


@pytest.mark.nightly(day=1)
@pytest.mark.parametrize("how", ["context", "another machine"])
def test_an_engine_elsewhere(running: Project, tmp_path: Path, free_port: Callable[[], int], how: str) -> None:
    proxy = Proxy(tmp_path / "engine.sock" if how == "context" else free_port())
    proxy.start()
    variables = {"DOCKER_HOST": proxy.url}
    if how == "context":
        meta = tmp_path / "contexts" / "meta" / hashlib.sha256(b"far").hexdigest() / "meta.json"
        meta.parent.mkdir(parents=True)
        told = {"Name": "far", "Metadata": {}, "Endpoints": {"docker": {"Host": proxy.url}}}
        meta.write_text(json.dumps(told), encoding="utf-8")
        (tmp_path / "config.json").write_text("{}", encoding="utf-8")
        variables = {"DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "far"}
    try:
        status = running.ok("status", "--json", env=variables).json
        web = next(each for each in status["services"] if each["service"] == "web")
        assert 0 < web["memory"] < web["memory_limit"]
        assert "67.1 MB" in running.ok("status", env=variables).out
        until(lambda: running.invoke("health", env=variables).code == 0)
        health = running.ok("health", "--json", env=variables).json
        web = next(each for each in health["services"] if each["service"] == "web")
        # A port of another machine is not asked at this one.
        assert (web["probe"] is None) is (how == "another machine")
        assert web["ready"]
        assert proxy.used
    finally:
        proxy.cut()


def test_another_environments_files_are_found(running: Project, tmp_path: Path) -> None:
    # The first environment is guessed ahead; what runs is of the second.
    running.write("other.yaml", (running.root / "compose.yaml").read_text("utf-8").replace("/state:ro", "/state"))
    environments = {"dev": {"files": ["compose.yaml"]}, "test": {"files": ["compose.yaml", "other.yaml"]}}
    running.write("invoke.yaml", yaml.safe_dump({"ops": {"environments": environments}}))
    try:
        command = ["-f", "compose.yaml", "-f", "other.yaml", "up", "-d", "--force-recreate"]
        result = process.run([*compose.project_command(running.name), *command], cwd=running.root)
        assert result.code == 0, result.stderr
        until(lambda: running.invoke("health").code == 0)
        assert running.ok("health", "--json").json["environment"] == "test"
    finally:
        (running.root / "invoke.yaml").unlink()
