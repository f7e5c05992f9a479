"""`invoke watch` on real containers: an edit is done and judged, a failure is explained, and the watch goes on."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests import documents
from tests.engine.conftest import Project, connected, interrupt, until, write_tasks
from tests.faults.private import Engine

pytestmark = pytest.mark.engine

SERVER = """
import http.server, pathlib
class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = pathlib.Path('/src/text').read_bytes()
        self.send_response(200); self.send_header('Content-Length', str(len(body))); self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
http.server.HTTPServer(('', 80), Answers).serve_forever()
"""

COMPOSE = """
services:
  web:
    init: true
    build:
      context: .
      dockerfile_inline: |
        FROM python:3.13-slim
        COPY src /src
        COPY need.txt /
        RUN grep -q good /need.txt
        CMD ["python", "-u", "/src/server.py"]
    ports: ["127.0.0.1:${WEB_PORT}:80"]
    x-ops: {health: "http://127.0.0.1:${WEB_PORT}/"}
    develop:
      watch:
        - {action: sync, path: ./src/text, target: /src/text}
        - {action: sync+restart, path: ./src/server.py, target: /src/server.py}
        - {action: sync, path: ./late, target: /late, initial_sync: true, ignore: ["*.tmp"]}
        - {action: sync+exec, path: ./ran, target: /ran, exec: {command: [cp, /ran/from, /ran/to]}}
        - {action: restart, path: ./again}
        - {action: rebuild, path: ./need.txt}
"""


class Watch:
    """A running `invoke watch --json`, whose events are read."""

    def __init__(self, project: Project, folder: Path) -> None:
        self._file, self._project = folder / "events", project
        with self._file.open("w", encoding="utf-8") as out:
            self.task = subprocess.Popen(
                project.command("watch", "--json"),
                cwd=project.root,
                env=project.variables(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.DEVNULL,
            )
        self.seen = 0

    @property
    def events(self) -> list[dict[str, Any]]:
        text = self._file.read_text("utf-8")
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def next(self, *kinds: str) -> dict[str, Any]:
        """The next event of one of these kinds."""

        def find() -> dict[str, Any] | None:
            found = self.events
            for number, event in enumerate(found[self.seen :], start=self.seen + 1):
                documents.hold("watch", event)
                if event.get("event", "error") in kinds:
                    self.seen = number
                    return event
            assert self.task.poll() is None, found
            return None

        found: dict[str, Any] = until(find)
        return found

    def edit(self, name: str, text: str, *kinds: str) -> dict[str, Any]:
        """Change a file, and wait for what comes of it."""
        self._project.write(name, text)
        assert name in [file for each in self.next("change")["changes"] for file in each["files"]]
        return self.next(*kinds)


def served(project: Project) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{project.environment['WEB_PORT']}/") as answer:
        return str(answer.read().decode())


@pytest.fixture
def shop(project: Project, free_port: Callable[[], int]) -> Project:
    """A project of one service that runs."""
    project.environment["WEB_PORT"] = str(free_port())
    return begun(project)


def begun(project: Project) -> Project:
    """The project, once it runs."""
    project.root.mkdir(exist_ok=True)
    write_tasks(project.root)
    project.write("compose.yaml", COMPOSE)
    for name, text in {"src/server.py": SERVER, "src/text": "one", "need.txt": "good", "again": "1"}.items():
        project.write(name, text)
    for name in ("late/file", "late/file.tmp", "ran/from"):
        project.write(name, "1")
    project.ok("dev")
    return project


@pytest.fixture
def watch(shop: Project, tmp_path: Path) -> Iterator[Watch]:
    made = Watch(shop, tmp_path)
    try:
        made.next("watching")
        yield made
    finally:
        made.task.kill()
        made.task.wait()


def test_an_edit_is_served_and_a_broken_build_is_explained(shop: Project, watch: Watch) -> None:
    first = shop.container("web")
    ready = watch.edit("src/text", "two", "ready")
    assert ready["changes"] == [{"service": "web", "action": "sync", "files": ["src/text"], "mounted": False}]
    assert served(shop) == "two"
    failed = watch.edit("need.txt", "bad", "failed")
    assert failed["error"]["kind"] == "build"
    assert "grep -q good /need.txt exited with 1" in failed["error"]["message"]
    # What ran before goes on, and so does the watch.
    assert shop.container("web").started == first.started
    watch.edit("src/text", "three", "ready")
    assert served(shop) == "three"
    end = interrupt(watch.task)
    assert end.code == 130
    assert shop.container("web").state == "running"


def test_what_fails_after_a_copy_is_told(shop: Project, watch: Watch) -> None:
    (shop.root / "ran" / "from").unlink()
    failed = watch.next("failed")
    assert failed["changes"][0]["action"] == "sync+exec"
    assert failed["error"]["message"] == "web: cp /ran/from /ran/to has failed"
    assert any("No such file" in line for line in failed["error"]["details"])
    watch.edit("ran/from", "2", "ready")
    assert shop.ok("exec", "web", "--", "cat", "/ran/to").out == "2"


@pytest.mark.nightly
def test_each_action_is_done_and_judged(shop: Project, watch: Watch) -> None:
    def inside(path: str) -> str:
        return shop.ok("exec", "web", "--", "cat", path).out

    assert inside("/late/file") == "1"
    assert shop.invoke("exec", "web", "--", "cat", "/late/file.tmp").code != 0
    before = shop.container("web")
    assert watch.edit("again", "2", "ready")["changes"][0]["action"] == "restart"
    again = shop.container("web")
    assert (again.id, again.started != before.started) == (before.id, True)
    watch.edit("ran/from", "2", "ready")
    assert until(lambda: inside("/ran/to") == "2")
    watch.edit("src/server.py", SERVER.replace("read_bytes()", "read_bytes().upper()"), "ready")
    assert served(shop) == "ONE"
    watch.edit("need.txt", "good and new", "ready")
    assert shop.container("web").id != before.id
    # A service that ends: why, and then its mending.
    unready = watch.edit("src/server.py", "raise SystemExit('no shop today')", "unready")
    assert unready["failures"][0]["service"] == "web"
    assert "no shop today" in json.dumps(unready["failures"])
    watch.edit("src/server.py", SERVER, "ready")
    assert served(shop) == "one"


@pytest.mark.nightly
def test_a_stack_that_is_stopped_ends_the_watch(shop: Project, watch: Watch) -> None:
    shop.ok("stop")
    error = watch.next("error")["error"]
    assert (error["kind"], watch.task.wait(90)) == ("unhealthy", error["code"])
    assert "the watch has ended" in error["message"]
    assert shop.invoke("watch").code == 2


@pytest.mark.nightly
def test_dev_watches_after_it(shop: Project) -> None:
    task = shop.begin("dev", "--watch")
    assert task.stdout is not None
    assert until(lambda: "watching src/text: copy it into web" in (task.stdout.readline() if task.stdout else ""))
    end = interrupt(task)
    assert end.code == 130, end.err
    assert shop.container("web").state == "running"


@pytest.mark.nightly
def test_compose_that_dies_ends_the_watch_and_the_stack_goes_on(shop: Project, watch: Watch) -> None:
    before = shop.container("web")
    for each in psutil.Process(watch.task.pid).children(recursive=True):
        each.kill()
    error = watch.next("error")["error"]
    assert watch.task.wait(90) == error["code"] != 0
    assert "compose" in error["message"], error
    assert error["next"], error
    after = shop.container("web")
    assert (after.id, after.started) == (before.id, before.started)


@pytest.mark.nightly
def test_ctrl_c_while_a_container_is_replaced_leaves_one_that_runs(shop: Project, watch: Watch) -> None:
    events = connected().client.events(decode=True, filters={"label": f"com.docker.compose.project={shop.name}"})
    with contextlib.closing(events):
        shop.write("need.txt", "good and new")
        assert next(each for each in events if each["Action"] == "create")
        end = interrupt(watch.task)
    assert end.code == 130
    shop.ok("health", "--wait", "30")
    # The new one, or the one before it where compose had not begun to replace that; never both.
    assert [each.state for each in shop.containers()] == ["running"]


@pytest.fixture
def away(tmp_path: Path) -> Iterator[tuple[Engine, Project]]:
    """The same project on an engine of its own."""
    if problem := Engine.problem():
        pytest.skip(problem)
    engine = Engine()
    try:
        engine.begin()
        engine.fill()
        variables = {"DOCKER_HOST": engine.url, "WEB_PORT": "8000"}
        yield engine, begun(Project(tmp_path / "away", "away", variables, engine.inside))
    finally:
        engine.restart()
        engine.remove()


@pytest.mark.nightly
@pytest.mark.timeout(600)
@pytest.mark.parametrize("how", ["ended", "frozen"])
def test_an_engine_that_goes_away_ends_the_watch(away: tuple[Engine, Project], tmp_path: Path, how: str) -> None:
    engine, project = away
    watch = Watch(project, tmp_path)
    watch.next("watching")
    if how == "frozen":
        engine.freeze()
    else:
        engine.end(signal.SIGKILL)
    error = watch.next("error")["error"]
    assert (error["kind"], error["code"], watch.task.wait(90)) == ("engine", 4, 4), error
