"""Data and the edge on a swarm of one node: a backup before migrations, and a release of the edge alone."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import Project, write_tasks
from tests.faults.private import Engine

pytestmark = [pytest.mark.engine, pytest.mark.nightly, pytest.mark.timeout(900)]

IMAGE = "postgres:17-alpine"

COMPOSE = f"""
x-sleeper: &sleeper
  image: python:3.13-slim
  command: [sleep, "9999"]
  init: true
  environment: {{VERSION: "${{VERSION:-1}}"}}
  stop_grace_period: 1s
  deploy: {{update_config: {{monitor: 1s}}}}
services:
  db:
    image: {IMAGE}
    environment: {{POSTGRES_PASSWORD: "${{PASSWORD}}", POSTGRES_DB: shop, POSTGRES_USER: shop}}
    volumes: ["data:/var/lib/postgresql/data"]
    stop_grace_period: 5s
    healthcheck:
      test: [CMD, pg_isready, -h, 127.0.0.1, -U, shop]
      interval: 1s
      start_period: 60s
      start_interval: 300ms
  migrate:
    image: {IMAGE}
    environment: {{PGPASSWORD: "${{PASSWORD}}", VERSION: "${{VERSION:-1}}"}}
    command: [psql, -h, db, -U, shop, shop, -c, "create table if not exists t (x int)", -c, "insert into t values (1)"]
    depends_on: {{db: {{condition: service_healthy}}}}
    x-ops: {{migrations: true}}
  web:
    <<: *sleeper
    depends_on: {{migrate: {{condition: service_completed_successfully}}}}
    x-ops: {{stable: 0}}
  front:
    <<: *sleeper
    labels: {{upready.edge: /data}}
    x-ops: {{stable: 0}}
volumes: {{data: {{}}}}
"""

SETTINGS = "ops: {environments: {prod: {files: [compose.yaml], runtime: swarm, timeout: 240}}}\n"


@pytest.fixture
def engine() -> Iterator[Engine]:
    """A swarm of one node."""
    if problem := Engine.problem():
        pytest.skip(problem)
    made = Engine()
    try:
        made.begin()
        made.fill(IMAGE)
        made.client.swarm.init(advertise_addr="127.0.0.1")
        yield made
    finally:
        if made.process is not None:
            # Else it would start each container again that is removed.
            made.client.swarm.leave(force=True)
        made.remove()


@pytest.fixture
def project(engine: Engine, tmp_path: Path) -> Project:
    write_tasks(tmp_path)
    made = Project(tmp_path, "data", {"DOCKER_HOST": engine.url, "PASSWORD": "n0t-so-easy-2-guess"}, engine.inside)
    made.write("compose.yaml", COMPOSE)
    made.write("invoke.yaml", SETTINGS)
    return made


def versions(engine: Engine) -> dict[str, str]:
    """The version of which each service is."""
    asked = ("migrate", "web", "front")
    api = engine.client.api
    found = {name: api.inspect_service(f"data_{name}")["Spec"]["TaskTemplate"]["ContainerSpec"] for name in asked}
    return {name: next(each for each in spec["Env"] if each.startswith("VERSION"))[-1:] for name, spec in found.items()}


def test_a_release_that_runs_migrations_is_backed_up_before_and_the_edge_changes_alone(
    engine: Engine, project: Project
) -> None:
    first = project.ok("prod", "--yes", "--json").json
    assert "backup" not in first
    # When: the edge alone is brought to its new version. Then: nothing else is
    project.ok("prod", "--yes", "--edge", env={"VERSION": "2"})
    assert versions(engine) == {"migrate": "1", "web": "1", "front": "2"}
    # When: the plan of a release that runs migrations is asked for. Then: it says what is backed up
    planned = project.ok("prod", "--plan", "--json", env={"VERSION": "3"}).json
    assert (planned["runs_migrations"], planned["backs_up"]) == (["migrate"], ["db"])
    # When: it is made
    done = project.ok("prod", "--yes", "--json", env={"VERSION": "3"}).json
    # Then: the backup holds what was there before, and the data has what the migration did
    assert tarfile.is_tarfile(done["backup"])
    assert versions(engine) == {"migrate": "3", "web": "3", "front": "3"}
    rows = project.ok("exec", "db", "--", "psql", "-U", "shop", "shop", "-tAc", "select count(*) from t")
    assert rows.out.strip() == "2"
    # And: going back over it asks
    refused = project.invoke("rollback")
    assert (refused.code, "migrat" in refused.err) == (2, True), refused.err
