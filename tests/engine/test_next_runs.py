"""On an engine: what `next:` says is typed word for word into a shell, and the stack runs then."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, write_tasks

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(shutil.which("docker") is None, reason="types commands of docker"),
    pytest.mark.skipif(sys.platform == "win32", reason="types into a POSIX shell"),
]

SLEEP = "image: python:3.13-slim, init: true, command: [sleep, '600'], x-ops: {stable: 0.1}"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project(tmp_path / "project", unique_name("next"))
    made.root.mkdir()
    write_tasks(made.root)
    yield made
    remove_project(made.name)
    subprocess.run(["docker", "rm", "--force", f"{made.name}-held"], capture_output=True, check=False)
    subprocess.run(["docker", "network", "rm", f"{made.name}-net"], capture_output=True, check=False)


def follow(project: Project, step: str) -> None:
    """Type a step into a shell in the project's folder; `invoke` is the one of this environment."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", step],
        cwd=project.root,
        env={**project.variables(), "PATH": path},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{step}: {done.stdout}{done.stderr}"


def test_what_is_missing_or_in_the_way_is_mended_by_the_steps(project: Project) -> None:
    """A name of a container that is taken, an external network that is not there, and a container that is paused."""
    held = f"{project.name}-held"
    project.write(
        "compose.yaml",
        f"services:\n  app: {{{SLEEP}, container_name: {held}, networks: [shared]}}\n"
        f"networks: {{shared: {{external: true, name: {project.name}-net}}}}\n",
    )
    subprocess.run(["docker", "create", "--name", held, "python:3.13-slim"], check=True, capture_output=True)
    told = []
    for _ in range(3):
        done = project.invoke("dev", "--json")
        if done.code == 0:
            break
        told.append(done.json["error"]["next"].splitlines()[0])
        follow(project, told[-1])
    assert sorted(told) == [f"docker network create {project.name}-net", f"docker rm {held}"]
    subprocess.run(["docker", "pause", held], check=True, capture_output=True)
    step = project.invoke("diagnose", "--json").json["diagnoses"][0]["next"]
    assert step == f"docker unpause {held}"
    follow(project, step)
    project.ok("health", "--wait", "60")
