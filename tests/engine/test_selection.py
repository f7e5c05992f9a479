"""Which files and profiles a start takes, beside what plain compose takes in the same folder."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, write_tasks
from tests.engine.scene import connected
from upready.stack import compose

pytestmark = pytest.mark.engine

SLEEP = "image: python:3.13-slim, init: true, command: [sleep, '600'], x-ops: {stable: 0.1}"
BUILT = "init: true, command: [sleep, '600'], x-ops: {stable: 0.1}"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Project]:
    """A folder with the tasks in it, and nothing else."""
    project = Project(tmp_path / "project", unique_name("selection"))
    project.root.mkdir()
    write_tasks(project.root)
    yield project
    remove_project(project.name)


def environments(project: Project) -> dict[str, set[str]]:
    """The variables of each container of a project, by service."""
    return {each.service: set(each.raw["Config"]["Env"]) for each in project.containers()}


def beside(project: Project, *options: str) -> dict[str, set[str]]:
    """What plain compose starts in the same folder, as a project of another name."""
    plain = Project(project.root, unique_name("plain"), project.environment)
    try:
        line = [*compose.program().command, *options, "up", "--detach", "--no-build"]
        subprocess.run(line, cwd=plain.root, env=plain.variables(), check=True, capture_output=True, timeout=120)
        return environments(plain)
    finally:
        remove_project(plain.name)


def services(document: Any) -> set[str]:
    return {each["service"] for each in document["services"]}


@pytest.mark.nightly(day=1)
@pytest.mark.parametrize("how", ["override", "shell", "env", "subfolder"])
def test_without_environments_the_files_are_those_of_plain_compose(folder: Project, how: str) -> None:
    base = f"services:\n  web: {{{SLEEP}, environment: {{FROM: base, V: '${{V:-none}}'}}}}\n"
    more = f"services:\n  web: {{environment: {{FROM: more}}}}\n  mail: {{{SLEEP}}}\n"
    if how == "override":
        folder.write("docker-compose.yml", base)
        folder.write("docker-compose.override.yml", more)
    elif how == "subfolder":
        folder.write("deploy/base.yml", base)
        folder.write("deploy/more.yml", more)
        folder.write("deploy/.env", "V=there\n")
        folder.write(".env", "COMPOSE_PATH_SEPARATOR=,\nCOMPOSE_FILE=deploy/base.yml,deploy/more.yml\n")
    else:
        folder.write("base.yml", base)
        folder.write("more.yml", more)
        named = {"COMPOSE_FILE": "base.yml,more.yml", "COMPOSE_PATH_SEPARATOR": ","}
        folder.write(".env", "" if how == "shell" else "".join(f"{name}={value}\n" for name, value in named.items()))
        folder.environment |= named if how == "shell" else {}
    started = folder.ok("dev", "--json").json
    assert services(started) == {"web", "mail"}
    assert environments(folder) == beside(folder)
    assert "FROM=more" in environments(folder)["web"]

    before = {each.id for each in folder.containers()}
    folder.ok("dev", "--json")
    assert {each.id for each in folder.containers()} == before
    assert services(folder.ok("health", "--json").json) == {"web", "mail"}
    folder.ok("stop")
    assert folder.containers() == []


@pytest.mark.nightly
def test_profiles_that_exclude_each_other(folder: Project) -> None:
    name = f"{folder.name}-app"
    folder.write("Dockerfile", "FROM python:3.13-slim\n")
    folder.write(
        "compose.yaml",
        f"services:\n  cpu: {{{BUILT}, build: ., profiles: [cpu], container_name: {name}}}\n"
        f"  gpu: {{{BUILT}, build: ., profiles: [gpu], container_name: {name}, env_file: gone.env}}\n",
    )
    refused = folder.invoke("dev", "--json")
    assert refused.code == 2
    assert refused.json["error"]["next"] == "invoke dev --profile cpu"

    assert services(folder.ok("dev", "--profile", "cpu", "--json").json) == {"cpu"}
    assert folder.ok("health", "--json").json["status"] == "healthy"
    assert services(folder.ok("restart", "--json").json) == {"cpu"}
    assert set(folder.ok("config", "--json").json["services"]) == {"cpu", "gpu"}
    built = {each["service"]: each for each in folder.ok("build", "--json").json["images"]}
    weighed = {each["service"]: each["size"] for each in folder.ok("images", "--json").json["images"]}
    assert all(weighed[service] and built[service]["id"] for service in ("cpu", "gpu"))
    assert {service: each["size"] for service, each in built.items()} == weighed

    other = folder.invoke("dev", "--profile", "gpu", "--json")
    assert other.code == 3
    assert "gone.env" in other.json["error"]["message"]
    unknown = folder.invoke("dev", "--profile", "tpu", "--json")
    assert unknown.code == 2
    assert unknown.json["error"]["details"] == ["profiles: cpu, gpu"]
    folder.ok("stop")
    assert folder.containers() == []


def test_a_dependency_of_a_profile_that_is_off_ends_before_anything_is_built(folder: Project) -> None:
    folder.write("Dockerfile", "FROM python:3.13-slim\n")
    folder.write(
        "compose.yaml",
        f"services:\n  main: {{{SLEEP}, profiles: [dev]}}\n  test: {{{BUILT}, build: ., depends_on: [main]}}\n",
    )
    refused = folder.invoke("dev", "--json")
    assert refused.code == 2
    error = refused.json["error"]
    assert error["message"] == "test depends on main, which only runs with --profile dev"
    assert connected().image(f"{folder.name}-test") is None

    command = error["next"].split()
    assert command[0] == "invoke"
    assert services(folder.ok(*command[1:], "--json").json) == {"main", "test"}
    # What runs tells the tasks which profile it was.
    assert services(folder.ok("health", "--json").json) == {"main", "test"}
    assert services(folder.ok("restart", "--json").json) == {"main", "test"}


@pytest.mark.nightly
def test_a_stack_in_a_folder_of_its_own(folder: Project) -> None:
    folder.write("deploy/conf/word", "found\n")
    folder.write("deploy/.env", "WORD=told\n")
    folder.write(
        "deploy/docker-compose.yml",
        f"services:\n  web: {{{SLEEP}, volumes: ['./conf:/conf'], environment: {{WORD: '${{WORD:?}}'}}}}\n",
    )
    named = "files: [deploy/docker-compose.yml]"
    folder.write("invoke.yaml", f"ops: {{environments: {{dev: {{{named}}}}}}}\n")
    (folder.root / "deploy" / ".env").rename(folder.root / ".env")
    refused = folder.invoke("dev", "--json")
    assert refused.code == 2
    assert "project_directory: deploy" in refused.json["error"]["next"]
    assert not (folder.root / "conf").exists()
    (folder.root / ".env").rename(folder.root / "deploy" / ".env")

    folder.write("invoke.yaml", f"ops: {{environments: {{dev: {{{named}, project_directory: deploy}}}}}}\n")
    folder.ok("dev", "--json")
    assert folder.ok("exec", "web", "--", "cat", "/conf/word").out == "found\n"
    assert "WORD=told" in environments(folder)["web"]
    assert environments(folder) == beside(
        folder, "--project-directory", "deploy", "--file", "deploy/docker-compose.yml"
    )
    before = {each.id for each in folder.containers()}
    folder.ok("dev", "--json")
    assert {each.id for each in folder.containers()} == before
    folder.ok("stop")
    assert folder.containers() == []


@pytest.mark.nightly
def test_ports_that_matter_and_those_that_do_not(folder: Project, free_port: Any) -> None:
    port = free_port()
    text = (
        f"services:\n  app: {{{SLEEP}, ports: ['127.0.0.1:${{APP_PORT:-{port}}}:80']}}\n"
        f"  db: {{{SLEEP}, ports: ['127.0.0.1:{free_port()}:5432']}}\n"
        f"  debug: {{{SLEEP}, scale: 0, ports: ['127.0.0.1:TAKEN:80']}}\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as held:
        taken = held.getsockname()[1]
        folder.write("compose.yaml", text.replace("TAKEN", str(taken)))
        urls = folder.ok("dev", "--json").json["urls"]
        assert urls["app"] == f"http://127.0.0.1:{port}"
        assert urls["db"].startswith("127.0.0.1:")
        folder.ok("stop")

        folder.write("compose.yaml", text.replace("TAKEN", str(taken)).replace("scale: 0, ", ""))
        refused = folder.invoke("dev", "--json")
        assert refused.code == 6
        assert refused.json["error"]["next"].startswith("choose another port in compose.yaml:4, then: ")
        assert json.dumps(folder.invoke("doctor", "--json").json["findings"]).count("compose.yaml:4") == 1

        folder.write("compose.yaml", text.replace("TAKEN", str(free_port())).replace(str(port), str(taken)))
        step = folder.invoke("dev", "--json").json["error"]["next"].splitlines()[0]
        assert step.startswith("invoke env.set APP_PORT=")
        folder.write(".env", "")
        folder.ok(*step.split()[1:])
        folder.ok("dev")
