"""A stack on a swarm of one node, from its first start to its end: the same tasks, with the same exit codes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import Project, write_tasks
from tests.engine.twins import CHECK
from tests.faults.private import Engine

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(900)]

COMPOSE = """
services:
  web:
    image: python:3.13-slim
    command: [python, -uc, "import http.server as h, os, sys; v = os.environ['VERSION']; print('version', v);
      sys.exit('no such version') if v == 'broken' else
      h.HTTPServer(('', 8000), h.SimpleHTTPRequestHandler).serve_forever()"]
    environment: {VERSION: "${VERSION:-1}"}
    working_dir: /srv
    init: true
    stop_grace_period: 1s
    ports: ["8080:8000"]
    depends_on: {seed: {condition: service_completed_successfully}}
    secrets: [token]
    volumes: ["data:/data"]
    healthcheck:
      test: CHECK
      interval: 1s
      timeout: 20s
      start_period: 60s
      start_interval: 300ms
    deploy: {update_config: {monitor: 1s}}
  seed:
    image: python:3.13-slim
    command: [echo, seeded]
volumes: {data: {}}
secrets: {token: {environment: TOKEN}}
""".replace("CHECK", CHECK)

SETTINGS = """
ops:
  environments:
    prod: {files: [compose.yaml], runtime: swarm, timeout: 150}
"""


def made(root: Path, engine: Engine) -> Project:
    root.mkdir()
    write_tasks(root)
    project = Project(root, "moved", {"DOCKER_HOST": engine.url, "TOKEN": "a-secret-that-is-long"}, engine.inside)
    project.write("compose.yaml", COMPOSE)
    project.write("invoke.yaml", SETTINGS)
    project.write(".env", "")
    (root / ".env").chmod(0o600)
    return project


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    if problem := Engine.problem():
        pytest.skip(problem)
    found = Engine()
    try:
        found.begin()
        found.fill()
        yield found
    finally:
        if found.process is not None and found.client.info()["Swarm"]["LocalNodeState"] == "active":
            # Else it would start each container again that is removed.
            found.client.swarm.leave(force=True)
        found.remove()


def test_a_stack_lives_on_a_swarm_as_on_one_engine(engine: Engine, tmp_path: Path) -> None:
    project = made(tmp_path / "first", engine)
    # When: the engine is in no swarm. Then: that is told, with the way into one
    refused = project.invoke("prod", "--json")
    assert (refused.code, refused.json["error"]["next"]) == (4, "docker swarm init"), refused.err
    engine.client.swarm.init(advertise_addr="127.0.0.1")
    # When: the stack has what Swarm lacks. Then: nothing is touched
    project.write("more.yaml", "services: {web: {privileged: true}}")
    project.write("invoke.yaml", SETTINGS.replace("compose.yaml", "compose.yaml, more.yaml"))
    lost = project.invoke("prod", "--json")
    assert lost.code == 2
    assert "web: privileged" in lost.json["error"]["details"][0]
    assert "--accept-loss privileged" in lost.json["error"]["next"]
    assert not engine.client.services.list()
    # When: it is accepted
    first = project.ok("prod", "--json", "--accept-loss", "privileged").json
    # Then: it runs, and where it runs is told
    assert (first["runtime"], first["status"]) == ("swarm", "healthy")
    node = engine.client.info()["Name"]
    assert {each["service"]: (each["state"], each["node"]) for each in first["services"]} == {
        "web": ("running", node),
        "seed": ("exited", node),
    }
    project.write("invoke.yaml", SETTINGS)
    assert "version 1" in project.ok("logs", "--service", "web").out
    assert project.ok("exec", "web", "--", "cat", "/run/secrets/token").out == "a-secret-that-is-long"
    # When: nothing changes. Then: no task is replaced
    tasks = {each["ID"] for each in engine.client.api.tasks()}
    assert project.ok("prod", "--json").json["release"] == first["release"]
    assert {each["ID"] for each in engine.client.api.tasks()} == tasks
    # When: a new version is ready. Then: it serves, and the job did not run again
    second = project.ok("prod", "--json", env={"VERSION": "2"}).json
    assert second["release"] != first["release"]
    assert project.ok("exec", "web", "--", "printenv", "VERSION").out == "2\n"
    assert sum(each["Spec"]["ContainerSpec"]["Args"] == ["echo", "seeded"] for each in engine.client.api.tasks()) == 1
    # When: the next one is sick. Then: the one before serves, and why is told
    sick = project.invoke("prod", "--json", env={"VERSION": "broken"})
    assert sick.code == 8, sick.err
    assert sick.json["failures"][0]["service"] == "web"
    assert "no such version" in sick.json["error"]["message"]
    assert project.ok("exec", "web", "--", "printenv", "VERSION").out == "2\n"
    # And: a colleague's checkout sees it all
    other = made(tmp_path / "second", engine)
    other.environment["OPS_STATE_DIR"] = str(tmp_path / "state")
    told = other.ok("releases", "--json").json["releases"]
    assert [each["state"] for each in told] == ["failed", "current", "previous"]
    # When: it goes back. Then: the first version serves, and which variables have its values again is told
    back = project.ok("rollback", "--json")
    assert back.json["release"] == first["release"]
    assert f"as in {first['release']} again, whatever .env says: VERSION" in back.err
    assert project.ok("exec", "web", "--", "printenv", "VERSION").out == "1\n"
    # When: it is stopped. Then: nothing is left but the data
    project.ok("stop")
    assert not engine.client.services.list()
    assert not engine.client.api.secrets()
    assert [each.name for each in engine.client.networks.list(filters={"label": "com.docker.stack.namespace"})] == []
    assert {each.name for each in engine.client.volumes.list()} == {"moved_data", "moved_releases"}
    # When: the files call the volume external, and all data are to go. Then: it stays
    project.write("compose.yaml", COMPOSE.replace("{data: {}}", "{data: {external: true, name: moved_data}}"))
    project.ok("stop", "--volumes", "--yes", "--no-backup")
    assert {each.name for each in engine.client.volumes.list()} == {"moved_data"}
    # When: they do not any more. Then: it goes, though nothing runs
    project.write("compose.yaml", COMPOSE)
    project.ok("stop", "--volumes", "--yes", "--no-backup")
    assert engine.client.volumes.list() == []


JOBS = """
services:
  web:
    image: python:3.13-slim
    command: [sleep, "600"]
    environment: {VERSION: "${VERSION:-1}"}
    init: true
    depends_on: {migrate: {condition: service_completed_successfully}}
    x-ops: {stable: 0}
  migrate:
    image: python:3.13-slim
    command: [sh, -c, "cat /data/unlocked || exit 3; test $$(cat /data/unlocked) = yes || sleep 600"]
    environment: {VERSION: "${VERSION:-1}"}
    init: true
    stop_grace_period: 1s
    volumes: ["data:/data"]
volumes: {data: {}}
"""


def test_a_job_that_failed_is_run_again_and_one_that_hangs_is_given_up(engine: Engine, tmp_path: Path) -> None:
    if engine.client.info()["Swarm"]["LocalNodeState"] != "active":
        engine.client.swarm.init(advertise_addr="127.0.0.1")
    project = made(tmp_path / "jobs", engine)
    project.name = "jobs"
    project.write("compose.yaml", JOBS)
    kept = {"jobs_data": {"bind": "/data", "mode": "rw"}}

    def write(word: str) -> None:
        line = ["sh", "-c", f"echo {word} > /data/unlocked"]
        engine.client.containers.run("python:3.13-slim", line, volumes=kept, remove=True)

    # When: a job fails at the first start
    first = project.invoke("prod", "--json")
    assert first.code == 6, first.err
    assert "migrate exited with code 3" in first.json["error"]["message"]
    # And: what it lacked is there. Then: the same files run it again
    write("yes")
    again = project.ok("prod", "--json")
    assert "migrate is run again (its last run has failed)" in again.err
    # When: that of a new version never ends. Then: time is up for it, too, and the version before serves
    write("no")
    late = project.invoke("prod", "--timeout", "5", "--json", env={"VERSION": "2"})
    assert late.code == 8, late.err
    assert "migrate was not ready when time was up" in late.json["error"]["message"]
    assert project.ok("exec", "web", "--", "printenv", "VERSION").out == "1\n"
    project.ok("stop", "--volumes", "--yes", "--no-backup")
