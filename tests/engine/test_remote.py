"""Releases on an engine elsewhere: over TCP, by a docker context, from two clones, through a line that breaks."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, Result, until, write_tasks
from tests.engine.proxy import Proxy
from tests.engine.scene import connected
from tests.engine.twins import CHECK
from tests.faults.private import Engine
from upready.releases import engine_lock

pytestmark = [pytest.mark.engine, pytest.mark.slow]

FILES = {
    "Dockerfile": 'FROM python:3.13-slim\nCOPY server.py /\nCMD ["python", "-u", "/server.py"]\n',
    "server.py": """\
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if os.environ["HOW"] == "sick" else 200)
        self.end_headers()
print("boots as", os.environ["HOW"])
http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
""",
    "compose.yaml": """\
services:
  web:
    build: .
    init: true
    environment: {HOW: "${HOW:-first}"}
    stop_grace_period: 1s
    deploy: {update_config: {monitor: "${MONITOR:-0s}"}}
    healthcheck:
      test: CHECK
      interval: 500ms
      retries: 2
      timeout: 20s
""".replace("CHECK", CHECK),
    "invoke.yaml": """\
ops:
  environments:
    dev: {files: [compose.yaml], timeout: 60}
    prod: {files: [compose.yaml], timeout: 60, context: production}
""",
}


def commit(root: Path) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-C", str(root)]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "--allow-empty", "-m", "a change"]):
        subprocess.run([*git, *words], check=True, capture_output=True)


@pytest.fixture
def line(free_port: Callable[[], int]) -> Iterator[Proxy]:
    """A way to the engine over TCP, by an address of which nobody can tell that it is this machine's."""
    made = Proxy(free_port())
    made.start()
    yield made
    made.cut()


@pytest.fixture
def shop(tmp_path: Path, line: Proxy) -> Iterator[Project]:
    """A small project in git, whose environment `prod` names a context that leads there."""
    project = Project(tmp_path / "shop", unique_name("far"), {"DOCKER_CONFIG": str(tmp_path / "docker")})
    for name, text in FILES.items():
        project.write(name, text)
    write_tasks(project.root)
    commit(project.root)
    subprocess.run(
        ["docker", "context", "create", "production", "--docker", f"host={line.url}"],
        env=project.variables(),
        check=True,
        capture_output=True,
    )
    yield project
    remove_project(project.name)


def states(project: Project, *words: str) -> list[str]:
    return [each["state"] for each in project.ok("releases", "--json", *words).json["releases"]]


def image_id(name: str) -> str:
    found = connected().image(name)
    return str(found["Id"]) if found else ""


def code(result: Result) -> int:
    return result.json["error"]["code"] if "error" in result.json else 0


@pytest.mark.nightly
def test_a_release_a_sick_one_and_a_rollback_by_a_context(shop: Project, line: Proxy) -> None:
    there = {"host": line.url, "context": "production", "local": False}
    first = shop.ok("prod", "--json").json
    assert (first["status"], first["engine"]) == ("healthy", there)
    shop.ok("prod", env={"HOW": "second"})
    sick = shop.invoke("prod", "--json", env={"HOW": "sick"})
    assert (sick.code, code(sick)) == (8, 8)
    assert sick.json["error"]["next"].startswith(f"docker --context production logs {shop.name}-web-")
    assert states(shop) == ["failed", "current", "previous"]
    assert shop.ok("rollback", "--json").json["release"] == first["release"]
    # This folder started prod last, so tasks about no environment ask the same engine.
    assert shop.ok("health", "--json").json["engine"] == there


@pytest.mark.nightly
def test_every_task_asks_the_engine_of_the_context(shop: Project, line: Proxy) -> None:
    there = {"host": line.url, "context": "production", "local": False}
    shop.ok("prod")
    for task in ("health", "status", "diagnose", "audit", "releases"):
        assert shop.ok(task, "--json").json["engine"] == there
    assert "boots as first" in shop.ok("logs").out
    assert shop.invoke("exec", "web", "--", "sh", "-c", "exit 7").code == 7
    shop.ok("unlock", "--yes")
    shop.ok("restart")
    shop.ok("doctor")
    assert len(shop.ok("stop", "--json").json["containers"]) == 1


def test_a_host_that_is_named_counts_more_than_the_context(shop: Project, line: Proxy) -> None:
    told = shop.invoke("prod", "--json", "--host", "tcp://127.0.0.1:1")
    assert (told.code, "127.0.0.1:1" in told.json["error"]["message"]) == (4, True)
    told = shop.invoke("prod", "--json", "--host", "prodution")
    assert (told.code, told.json["error"]["details"]) == (2, ["docker has: default, production"])
    assert told.json["error"]["next"].endswith("prod --json --host production")
    # The same engine, through its own socket.
    shop.ok("prod", "--host", "default")
    assert states(shop, "--host", line.url) == ["current"]


def test_an_engine_that_cannot_be_reached_is_named_with_its_context(shop: Project, line: Proxy) -> None:
    line.cut()
    told = shop.invoke("releases", "--json")
    assert told.code == 4
    assert f"{line.url} (docker context production)" in told.json["error"]["message"]


@pytest.mark.nightly
def test_a_line_that_breaks_in_the_middle_is_settled_by_the_next_release(shop: Project, line: Proxy) -> None:
    shop.ok("prod")
    old = shop.container("web").id
    task = shop.begin("prod", "--json", env={"HOW": "second", "MONITOR": "60s"})
    until(lambda: len(shop.containers()) == 2)
    line.cut()
    out, err = task.communicate(timeout=90)
    assert task.returncode == 4, f"{out}\n{err}"
    assert old in [each.id for each in shop.containers()]
    line.start()
    told = shop.ok("prod", "--json", "--lock-wait", "60", env={"HOW": "third"})
    assert told.json["status"] == "healthy"
    assert [each.release for each in shop.containers()] == [told.json["release"]]
    assert states(shop)[0] == "current"


@pytest.mark.nightly
def test_two_clones_release_one_at_a_time_and_another_repository_does_not(shop: Project, tmp_path: Path) -> None:
    subprocess.run(["git", "clone", "-q", str(shop.root), str(tmp_path / "clone")], check=True)
    clone = Project(tmp_path / "clone", shop.name, shop.environment)
    shop.ok("prod")
    with engine_lock.hold(connected(), shop.name, "invoke prod", "ann@there"):
        told = clone.invoke("prod", "--json", env={"HOW": "second"})
        assert (told.code, "invoke prod of ann@there" in told.json["error"]["message"]) == (9, True)
        both = []
        # Each has built an image of the same name before either may release.
        for each, how in ((shop, "second"), (clone, "third")):
            before = image_id(f"{shop.name}-web")
            each.write("server.py", f"{FILES['server.py']}# of {each.root.name}\n")
            both.append(each.begin("prod", "--json", "--lock-wait", "90", env={"HOW": how}))
            until(lambda before=before: image_id(f"{shop.name}-web") != before, 90)
    for task, own in zip(both, (shop, clone), strict=True):
        out, err = task.communicate(timeout=120)
        assert task.returncode == 0, f"{out}\n{err}"
        image = f"{shop.name}-web:{json.loads(out)['release']}"
        line = ["docker", "run", "--rm", image, "cat", "/server.py"]
        released = subprocess.run(line, capture_output=True, check=True, encoding="utf-8").stdout
        assert f"# of {own.root.name}" in released, f"{out}\n{err}"
    assert states(clone) == ["current", "previous", "kept"]

    (clone.root / ".git").rename(tmp_path / "git")
    commit(clone.root)
    told = clone.invoke("prod", "--json")
    assert told.code == 2
    assert "is another one, released from" in told.json["error"]["message"]
    assert "prod --json --adopt" in told.json["error"]["next"]


@pytest.mark.nightly
def test_development_takes_the_place_of_a_release_elsewhere_only_when_told_to(shop: Project, line: Proxy) -> None:
    release = shop.ok("prod", "--json").json["release"]
    before = [(each.id, each.started) for each in shop.containers()]
    refused = shop.invoke("dev", "--host", "production")
    assert refused.code == 2
    assert "dev takes the place of what is released at " in refused.err
    assert f"{release} is a release of prod" in refused.err
    assert refused.err.endswith("dev --host production --yes\n")
    assert [(each.id, each.started) for each in shop.containers()] == before
    shop.ok("dev", "--yes", "--build-here", "--host", "production")
    assert [each.release for each in shop.containers()] == [""]
    shop.ok("dev", "--host", "production")  # nobody is asked now


@pytest.mark.nightly
def test_what_is_mounted_from_this_machine_must_be_on_the_engine_s(shop: Project) -> None:
    # The engine's machine is this one, where a path through /proc/self is the engine's own.
    shop.write("conf/site.conf", "listen 80")
    away = "/proc/self/cwd/conf"
    text = FILES["compose.yaml"].replace("    init: true\n", f"    init: true\n    volumes: ['{away}:/conf:ro']\n")
    shop.write("compose.yaml", text)
    told = shop.invoke("prod", "--plan", "--json")
    assert told.code == 2
    assert told.json["error"]["message"].startswith(f"web mounts {away} of this machine, and the Docker Engine at ")
    assert shop.containers() == []
    shop.write("compose.yaml", text.replace(away, "./conf"))
    told = shop.ok("prod", "--plan")
    assert f"web mounts {shop.root}/conf of the engine's machine, not conf of this one" in told.err


@pytest.fixture
def away() -> Iterator[Engine]:
    """An engine of the test's own, which has the base image."""
    if problem := Engine.problem():
        pytest.skip(problem)
    made = Engine()
    try:
        made.begin()
        made.fill()
        yield made
    finally:
        made.remove()


@pytest.mark.nightly
def test_images_that_are_built_here_are_sent_without_the_layers_that_are_there(shop: Project, away: Engine) -> None:
    there = {"DOCKER_HOST": away.url}
    told = shop.ok("prod", "--build-here", "--json", env=there)
    assert told.json["status"] == "healthy"
    assert told.json["engine"]["host"] == away.url
    sent = re.search(r"([\d.]+) kB sent, ([\d.]+) MB were there", told.err)
    assert sent, told.err
    assert float(sent[1]) < 100
    assert float(sent[2]) > 50
    # Nothing has changed, so nothing is sent.
    told = shop.ok("prod", "--build-here", env=there)
    assert "nothing changes" in told.out
    assert "sent" not in told.out
    shop.write("server.py", FILES["server.py"].replace("boots", "starts"))
    assert "kB sent" in shop.ok("prod", "--build-here", env=there).out
    assert states(shop, "--host", away.url) == ["current", "previous"]
    # Without the base image there, all of it goes over.
    shop.ok("stop", "--host", away.url)
    for image in away.client.api.images():
        away.client.api.remove_image(image["Id"], force=True)
    assert "MB sent, 0 B were there" in shop.ok("prod", "--build-here", env=there).out
