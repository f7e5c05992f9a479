"""A second checkout beside the first: refused with the step that helps, and running once that is taken."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, Result, write_tasks
from tests.engine.scene import connected

pytestmark = [pytest.mark.engine, pytest.mark.slow]

STACK = """
name: %s
services:
  web:
    image: python:3.13-slim
    command: [python, -m, http.server, "8000"]
    stop_grace_period: 0s
    environment: ["LEVEL=${LEVEL:-info}", "API_TOKEN=${API_TOKEN}"]
    ports: ["127.0.0.1:${WEB_PORT:-%d}:8000"]
"""


class Checkout(Project):
    """One whose project name is its own business."""

    def variables(self, extra: object = None) -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if not name.startswith("COMPOSE_")}


@pytest.fixture
def checkouts(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[tuple[Checkout, Checkout]]:
    """A repository and a worktree of it."""
    name, root, second = unique_name("isolated"), tmp_path / "one", tmp_path / "two"
    first = Checkout(root, name)
    first.write("compose.yaml", STACK % (name, free_port()))
    first.write(".env.example", "LEVEL=info\nAPI_TOKEN=canary-of-mine-1\nWEB_PORT=\n")
    first.write(".gitignore", ".env\nops\ntasks.py\n")
    for line in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"], ["worktree", "add", "-q", str(second)]):
        known = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", *known, *line], cwd=root, check=True, capture_output=True)
    for folder in (root, second):
        write_tasks(folder)
    yield first, Checkout(second, name)
    for folder in (root, second):
        remove_project(own_name(folder) if (folder / ".env").is_file() else name)
    remove_project(name)


def own_name(folder: Path) -> str:
    lines = (folder / ".env").read_text("utf-8").splitlines()
    return next((line.partition("=")[2] for line in lines if line.startswith("COMPOSE_PROJECT_NAME=")), folder.name)


def running(project: str) -> list[str]:
    return [each.service for each in connected().containers(project) if each.state == "running"]


def test_a_worktree_runs_beside_the_first_at_once(checkouts: tuple[Checkout, Checkout]) -> None:
    first, second = checkouts
    first.ok("dev")
    refused = second.invoke("dev")
    assert refused.code == 2, refused.err
    assert str(first.root) in refused.err
    assert "next: invoke env.init --isolated" in refused.err
    second.ok("env.init", "--isolated", "--no-ask")
    second.ok("dev")
    assert running(first.name) == running(own_name(second.root)) == ["web"]
    second.ok("stop")
    assert running(first.name) == ["web"]
    compare(first, second)


def compare(first: Checkout, second: Checkout) -> None:
    """The first's containers with what stands in `.env` by now."""

    def differs() -> Result:
        return first.ok("env.diff", "--with", "default")

    assert "LEVEL" not in differs().out
    first.ok("env.set", "LEVEL=debug")
    assert "web: LEVEL" in differs().out
    found = first.ok("env.diff", "--with", "default", "--json").json
    assert found["differs"] == [{"service": "web", "name": "LEVEL"}]
    assert found["same"] == [{"service": "web", "name": "API_TOKEN"}]
    refused = second.invoke("env.diff", "--with", "default")
    assert refused.code == 2
    assert own_name(second.root) in refused.err
    for said in (differs(), refused):
        assert "canary" not in said.out + said.err
        assert "debug" not in said.out + said.err


@pytest.mark.nightly
def test_ports_that_another_checkout_has_are_told_with_the_step(checkouts: tuple[Checkout, Checkout]) -> None:
    first, second = checkouts
    first.ok("dev")
    # With a name of its own already, it is the port that is in the way.
    second.write(".env", f"COMPOSE_PROJECT_NAME={first.name}-b\nAPI_TOKEN=x\nLEVEL=info\n")
    refused = second.invoke("dev")
    assert refused.code == 6, refused.err
    assert f"{first.root} is another checkout of this project" in refused.err
    assert "next: invoke env.init --isolated\n  or: docker stop" in refused.err
    second.ok("env.init", "--isolated", "--no-ask")
    second.ok("dev")
    assert own_name(second.root).startswith(f"{first.name}-b-")
    assert len(running(own_name(second.root))) == 1
