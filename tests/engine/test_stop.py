"""`invoke stop`: what compose does when it stops a stack, in every state of its files, and what is told of the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, write_tasks
from tests.engine.scene import connected
from upready.stack import compose
from upready.support import process

pytestmark = pytest.mark.engine

IMAGE = "image: debian:trixie-slim, x-ops: {stable: 0.1}"
SLEEP = f'{IMAGE}, init: true, command: [sleep, "600"]'


@pytest.fixture
def project(tmp_path: Path, project_name: str) -> Project:
    """A folder with the tasks and no stack yet."""
    root = tmp_path / "shop"
    root.mkdir()
    write_tasks(root)
    return Project(root, project_name)


@pytest.fixture
def guest(project: Project) -> Iterator[Callable[..., str]]:
    """Run a container of somebody else's, given docker's own options; gives its name."""
    made: list[Any] = []

    def run(**options: Any) -> str:
        name = f"{project.name}-guest-{len(made)}"
        made.append(
            connected().client.containers.run(
                "debian:trixie-slim", ["sleep", "600"], name=name, detach=True, init=True, **options
            )
        )
        return name

    yield run
    for each in made:
        each.remove(force=True, v=True)


def plain(project: Project, *words: str) -> process.Result:
    """The same by compose alone; with a project's name and no file, it would read none."""
    line = [*compose.program().command, "--project-name", project.name, "--file", "compose.yaml", *words]
    return process.run(line, cwd=project.root)


def touched(project: Project, name: str) -> bool:
    found = (project.root / "out" / name).exists()
    (project.root / "out" / name).unlink(missing_ok=True)
    return found


HOOKED = f"""
services:
  app:
    {{{SLEEP}, volumes: ["./out:/out"], pre_stop: [{{command: [touch, /out/stopped]}}], environment: {{A: "${{A:-}}"}}}}
  job: {{{SLEEP}, profiles: [extra], volumes: ["./out:/out"], pre_stop: [{{command: [touch, /out/job]}}]}}
"""


def test_hooks_run_as_with_compose_alone(project: Project) -> None:
    project.write("compose.yaml", HOOKED)
    assert plain(project, "--profile", "extra", "up", "--detach").code == 0
    assert plain(project, "--profile", "extra", "down").code == 0
    assert touched(project, "stopped")
    assert touched(project, "job")
    project.ok("dev", "--profile", "extra")
    stopped = project.ok("stop")
    assert stopped.err == ""
    assert touched(project, "stopped")
    assert touched(project, "job"), "a profile that the stop was not told of"
    assert project.containers() == []


@pytest.mark.nightly
@pytest.mark.parametrize("how", ["env", "variable", "yaml", "gone"])
def test_broken_files_do_not_keep_it_from_stopping(project: Project, how: str) -> None:
    project.write("compose.yaml", HOOKED)
    project.ok("dev", "--profile", "extra")
    if how == "env":
        project.write(".env", "B=${\n")
    elif how == "variable":
        project.write("compose.yaml", HOOKED.replace("${A:-}", "${A:?must be set}"))
    elif how == "yaml":
        project.write("compose.yaml", HOOKED + "  - broken: [\n")
    else:
        (project.root / "compose.yaml").write_text("services: {}\nincluded: false\n", encoding="utf-8")
        (project.root / "compose.yaml").rename(project.root / "gone.yaml")
        project.write("invoke.yaml", "ops: {environments: {dev: {files: [compose.yaml]}}}\n")
    stopped = project.ok("stop")
    assert project.containers() == []
    assert "hooks" in stopped.err
    assert not touched(project, "stopped")


def test_nothing_is_said_of_hooks_where_there_can_be_none(project: Project) -> None:
    project.write("compose.yaml", f"services: {{app: {{{SLEEP}}}}}\n")
    project.ok("dev")
    project.write(".env", "B=${\n")
    assert project.ok("stop").err == ""
    assert project.containers() == []


def test_a_hook_that_fails_is_told_and_does_not_keep_it_from_stopping(project: Project) -> None:
    hook = "pre_stop: [{command: [sh, -c, 'echo the queue is not empty; exit 3']}]"
    project.write("compose.yaml", f"services: {{app: {{{SLEEP}, {hook}}}}}\n")
    project.ok("dev")
    stopped = project.ok("stop")
    assert "the queue is not empty" in stopped.err
    assert project.containers() == []


def test_everything_of_the_project_goes(project: Project) -> None:
    """Other environments' services, orphans, one-off containers: whatever carries the project's name."""
    project.write("compose.yaml", f"services: {{app: {{{SLEEP}}}, old: {{{SLEEP}}}}}\n")
    project.write("prod.yaml", f"services: {{only: {{{SLEEP}, profiles: [p]}}}}\n")
    project.write(
        "invoke.yaml",
        "ops: {environments: {dev: {files: [compose.yaml]}, prod: {files: [compose.yaml, prod.yaml]}}}\n",
    )
    project.ok("prod", "--profile", "p")
    assert plain(project, "run", "--detach", "app").code == 0
    project.write("compose.yaml", f"services: {{app: {{{SLEEP}}}}}\n")
    status = project.ok("status", "--json").json
    assert {each["service"]: each["orphan"] for each in status["services"]} == {
        "app": False,
        "only": False,
        "old": True,
    }
    assert "old" in project.ok("status").err
    stopped = project.ok("stop", "--json").json
    assert len(stopped["containers"]) == 4
    assert stopped["networks"] == [f"{project.name}_default"]
    assert stopped["kept"] == []
    assert stopped["orphans"] == [f"{project.name}-old-1"]
    label = {"label": f"com.docker.compose.project={project.name}"}
    assert connected().client.api.containers(all=True, filters=label) == []
    assert connected().networks(project.name) == []


def test_a_network_that_a_stranger_uses_stays_and_is_told(project: Project, guest: Callable[..., str]) -> None:
    project.write("compose.yaml", f"services: {{app: {{{SLEEP}}}}}\n")
    project.ok("dev")
    network = f"{project.name}_default"
    name = guest(network=network, labels={"com.docker.compose.project": "market"})
    stopped = project.ok("stop", "--json").json
    assert stopped["containers"] == [f"{project.name}-app-1"]
    assert stopped["networks"] == []
    used_by = [f"{name} of the project market"]
    assert stopped["kept"] == [{"kind": "network", "name": network, "used_by": used_by, "node": ""}]
    told = project.ok("stop")
    assert network in told.err
    assert name in told.err
    assert "market" in told.err


def test_a_volume_that_a_stranger_uses_stays_and_is_told(project: Project, guest: Callable[..., str]) -> None:
    data = 'volumes: ["data:/data"]'
    project.write("compose.yaml", f"services: {{app: {{{SLEEP}, {data}}}}}\nvolumes: {{data: {{}}, more: {{}}}}\n")
    project.ok("dev")
    volume = f"{project.name}_data"
    name = guest(volumes=[f"{volume}:/x"])
    connected().client.containers.get(name).stop(timeout=0)  # one that has ended holds it as well
    stopped = project.ok("stop", "--volumes", "--yes", "--json").json
    assert stopped["volumes"] == []
    assert stopped["kept"] == [{"kind": "volume", "name": volume, "used_by": [name], "node": ""}]
    assert connected().volumes(project.name) == [volume]


def test_volumes_go_also_of_a_service_without_a_container_and_never_external_ones(project: Project) -> None:
    external, other = f"{project.name}-external", unique_name("other")
    api = connected().client.api
    project.write(
        "compose.yaml",
        f"""
services:
  app: {{{SLEEP}, volumes: ["data:/data", "mine:/mine", "shared:/shared", "/anonymous"]}}
  db: {{{SLEEP}, profiles: [db], volumes: ["rows:/rows", "once:/once"]}}
volumes:
  data: {{}}
  rows: {{}}
  once: {{}}
  mine: {{external: true, name: {external}}}
  shared: {{name: {other}}}
""",
    )
    api.create_volume(external)
    # Another project's, of a name that the file gives without saying that it is external.
    api.create_volume(other, labels={"com.docker.compose.project": other})
    nameless = []

    def anonymous() -> str:
        """The name of the app's volume without one; a stop without --volumes leaves it, as compose does."""
        mounts = project.container("app").raw["Mounts"]
        [name] = [mount["Name"] for mount in mounts if mount["Destination"] == "/anonymous"]
        return str(name)

    try:
        project.ok("dev", "--profile", "db")
        nameless.append(anonymous())
        project.ok("stop")
        project.ok("dev")  # without db: its volumes are there, its container is not
        # Made by compose for this project, and called external since.
        project.write(
            "compose.yaml",
            (project.root / "compose.yaml")
            .read_text("utf-8")
            .replace("once: {}", f"once: {{external: true, name: {project.name}_once}}"),
        )
        gone = anonymous()
        stopped = project.ok("stop", "--volumes", "--yes", "--json").json
        assert stopped["volumes"] == [f"{project.name}_data", f"{project.name}_rows"]
        left = {each["Name"] for each in api.volumes()["Volumes"]}
        assert {external, other, f"{project.name}_once"} <= left
        assert not left & {f"{project.name}_data", f"{project.name}_rows", gone}
    finally:
        remove_project(project.name)
        remove_project(other)
        for name in (external, *nameless):
            api.remove_volume(name)


def test_the_timeout_is_heard(project: Project) -> None:
    deaf = "command: [bash, -c, \"trap '' TERM; echo deaf; sleep 600 & wait; sleep 600\"]"
    project.write("compose.yaml", f"services: {{app: {{{IMAGE}, {deaf}, stop_grace_period: 200s}}}}\n")
    project.ok("dev")
    began = time.monotonic()
    project.ok("stop", "--timeout", "1")
    assert time.monotonic() - began < 100
    assert project.containers() == []


def test_a_dry_stop_tells_what_would_go(project: Project) -> None:
    data = 'volumes: ["data:/data"]'
    project.write("compose.yaml", f"services: {{app: {{{SLEEP}, {data}}}}}\nvolumes: {{data: {{}}}}\n")
    project.ok("dev")
    told = project.ok("--dry", "stop", "--volumes", "--yes").out
    for name in (f"{project.name}-app-1", f"{project.name}_default", f"{project.name}_data"):
        assert name in told
    assert project.ok("--dry", "stop", "--json").json["volumes"] == []
    assert project.container("app").state == "running"
    assert connected().volumes(project.name) == [f"{project.name}_data"]


def test_an_unreadable_env_does_not_keep_it_from_stopping(project: Project) -> None:
    """Root reads everything, so the file is one that nobody can: a folder."""
    project.write("compose.yaml", f"services: {{app: {{{SLEEP}}}}}\n")
    project.ok("dev")
    (project.root / ".env").mkdir()
    project.ok("stop")
    assert project.containers() == []
