"""Nothing of the tasks' own is in the project: a build of the whole folder finds there what it found the last time."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, write_tasks
from tests.engine.scene import connected
from upready.stack import compose

pytestmark = pytest.mark.engine

DOCKERFILE = """
FROM python:3.13-slim
COPY . /app
CMD ["python", "-c", "import signal; signal.sigwait([signal.SIGTERM])"]
"""

COMPOSE = """
services:
  web: {build: ., stop_signal: SIGTERM, environment: ["GREETING=${GREETING:-hello}"]}
"""


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Project]:
    """A project whose image holds all of its folder; it has no .dockerignore."""
    root = tmp_path / "copied"
    root.mkdir()
    write_tasks(root)
    project = Project(root, unique_name("copied"))
    project.write("Dockerfile", DOCKERFILE)
    project.write("compose.yaml", COMPOSE)
    project.write(".env.example", "# A word.\nGREETING=hello\n")
    yield project
    remove_project(project.name)


def plain(project: Project, *arguments: str) -> None:
    """What compose itself does there."""
    command = [*compose.program().command, *arguments]
    subprocess.run(command, cwd=project.root, env=project.variables(), check=True, capture_output=True, timeout=240)


def running(project: Project) -> tuple[str, str]:
    """The container, and its image."""
    found = project.container("web")
    return found.id, str(connected().client.api.inspect_container(found.id)["Image"])


def content(root: Path) -> dict[str, bytes | None]:
    """All files and folders below a folder."""
    return {
        each.relative_to(root).as_posix(): each.read_bytes() if each.is_file() else None for each in root.rglob("*")
    }


@pytest.mark.slow
def test_dev_again_builds_no_new_image_and_replaces_no_container(copied: Project) -> None:
    copied.ok("env.init", "--no-ask")
    copied.ok("dev")
    first = running(copied)
    for task in ("dev", "restart", "dev"):
        copied.ok(task)
        assert running(copied) == first, task

    # As with compose itself, for which it is the same stack, too.
    plain(copied, "up", "--detach", "--build")
    assert running(copied) == first
    copied.ok("dev")
    assert running(copied) == first

    # After a stop there is a new container, of the same image: nothing in the folder has changed.
    copied.ok("stop")
    copied.ok("dev")
    assert running(copied)[1] == first[1]
    assert running(copied)[0] != first[0]


@pytest.mark.nightly
def test_what_really_changed_is_built(copied: Project) -> None:
    copied.ok("dev")
    first = running(copied)
    copied.write("data.txt", "new")
    copied.ok("dev")
    assert running(copied)[0] != first[0]


@pytest.mark.parametrize(
    "tasks",
    [
        pytest.param(
            [
                "dev",
                "status",
                "health",
                "logs",
                "diagnose",
                "config",
                "images",
                "doctor",
                "exec web -- true",
                "restart",
            ],
            marks=pytest.mark.nightly,
        ),
        pytest.param(
            ["build", "dev", "env.check", "env.show", "env.diff", "stop --volumes --yes", "stop", "--list"],
            marks=pytest.mark.slow,
        ),
    ],
    ids=["while it runs", "before and after"],
)
def test_the_folder_holds_what_it_held(copied: Project, tasks: list[str]) -> None:
    copied.ok("env.init", "--no-ask")  # the user's own file, made on request
    before = content(copied.root)
    for task in tasks:
        copied.invoke(*task.split())
        assert content(copied.root) == before, task


@pytest.mark.nightly
def test_what_an_earlier_version_left_is_gone_after_the_next_start(copied: Project) -> None:
    copied.ok("env.init", "--no-ask")
    before = content(copied.root)
    for name, text in {".gitignore": "*\n", "lock": '{"task": "invoke dev"}', "env.lock": ""}.items():
        copied.write(f".ops/{name}", text)
    copied.ok("dev")
    assert content(copied.root) == before
    first = running(copied)
    copied.ok("dev")
    assert running(copied) == first
