"""An engine that does not answer: what last ran there is not nothing, and is not started anew beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, write_tasks
from tests.engine.proxy import Proxy

pytestmark = pytest.mark.engine

STACK = """
services:
  web:
    image: debian:trixie-slim
    init: true
    command: [sleep, "600"]
    x-ops: {stable: 0.1, native: {command: ["{python}", -c, "import time; time.sleep(600)"]}}
"""

TASKS = (
    ("health",),
    ("status",),
    ("logs",),
    ("diagnose",),
    ("exec", "web", "--", "true"),
    ("restart",),
    ("stop",),
    ("dev",),
    ("prod",),
)


@pytest.fixture
def project(tmp_path: Path, proxy: Proxy) -> Iterator[Project]:
    """A stack that could run natively too, and an engine behind a proxy."""
    root = tmp_path / "shop"
    root.mkdir()
    write_tasks(root)
    made = Project(root, unique_name("silence"), {"DOCKER_HOST": proxy.url})
    made.write("compose.yaml", STACK)
    files = "{files: [compose.yaml]"
    made.write("invoke.yaml", f"ops: {{environments: {{dev: {files}}}, prod: {files}, strict: true}}}}}}\n")
    yield made
    made.invoke("stop", "--runtime", "native")
    remove_project(made.name)


@pytest.mark.nightly
def test_every_task_says_that_nobody_knows(project: Project, proxy: Proxy) -> None:
    project.ok("dev", "--no-build")
    proxy.cut()
    for words in TASKS:
        told = project.invoke(*words)
        assert told.code == 4, (words, told.out, told.err)
        assert proxy.url in told.err, words
        assert f"{project.name} last ran on the Docker Engine at {proxy.url}" in told.err, words
        assert "nothing runs" not in told.out + told.err, words
    assert project.invoke("status", "--json").json["error"]["code"] == 4
    # Another engine that does not exist is no other answer.
    for shell in ({"DOCKER_HOST": "unix:///nonexistent.sock"}, {"DOCKER_HOST": "", "DOCKER_CONTEXT": "nosuch"}):
        told = project.invoke("status", env=shell)
        assert told.code == 4
        assert (shell.get("DOCKER_CONTEXT") or "nonexistent") in told.err
    proxy.start()
    project.ok("health")
    project.ok("stop")
    # Stopped, it is forgotten: without an engine, the stack starts natively.
    proxy.cut()
    told = project.ok("status")
    assert "only processes of this machine were looked at" in told.err
    assert proxy.url in told.err
    assert "runs natively" in project.ok("dev").out


def test_one_that_hangs(project: Project, proxy: Proxy) -> None:
    project.ok("dev", "--no-build")
    proxy.hang()
    told = project.invoke("status")
    assert told.code == 4
    assert "timed out" in told.err
    proxy.cut()


@pytest.mark.nightly
def test_one_that_is_slow_is_waited_for(project: Project, proxy: Proxy) -> None:
    project.ok("dev", "--no-build")
    for words in (("status",), ("exec", "web", "--", "true"), ("stop",)):
        proxy.slow(8)
        assert project.ok(*words).err == "", words


def test_natively_beside_it_for_who_asks_for_that(project: Project, proxy: Proxy) -> None:
    project.ok("dev", "--no-build")
    proxy.cut()
    told = project.ok("dev", "--runtime", "native")
    assert "whatever runs there is not changed" in told.out + told.err
    # What runs here is found, as ever.
    assert project.ok("status", "--json").json["runtime"] == "native"


def test_another_engine_that_has_nothing_of_it(project: Project, proxy: Proxy, tmp_path: Path) -> None:
    """A user who has changed the context is told where the stack was."""
    project.ok("dev", "--no-build")
    second = Proxy(tmp_path / "second.sock")
    second.start()
    try:
        # The same engine behind another address: what runs there is found, and nothing is said.
        assert project.ok("status", env={"DOCKER_HOST": second.url}).err == ""
        remove_project(project.name)
        told = project.ok("status", env={"DOCKER_HOST": second.url})
        assert f"last ran on the Docker Engine at {proxy.url}" in told.err
    finally:
        second.cut()
