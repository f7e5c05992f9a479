"""What a killed restore leaves in a server's volume that was restored as files: the next task keeps and removes it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine import data_images
from tests.engine.conftest import Project, until
from tests.engine.twins import bare

pytestmark = [pytest.mark.engine, pytest.mark.nightly, pytest.mark.timeout(900)]

COMPOSE = """
services:
  cache:
    image: %s
    volumes: ["keys:/data"]
  db:
    image: postgres:17-alpine
    environment: {POSTGRES_PASSWORD: only-for-this-test, POSTGRES_DB: shop}
    volumes: ["rows:/var/lib/postgresql/data"]
    healthcheck: {test: [CMD-SHELL, pg_isready -h 127.0.0.1], interval: 1s, start_interval: 250ms, start_period: 300s}
volumes: {keys: {}, rows: {}}
"""
FOLDERS = {"cache": "/data", "db": "/var/lib/postgresql/data"}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Project]:
    made = bare(tmp_path / "shop", unique_name("remains"), {"OPS_STATE_DIR": str(tmp_path / "state")})
    with data_images.image("redis") as image:
        made.write("compose.yaml", COMPOSE % image)
        try:
            made.ok("dev")
            yield made
        finally:
            remove_project(made.name)


def sql(project: Project, text: str) -> str:
    return project.run("db", "psql", "-U", "postgres", "shop", "-XAtqc", text)


def left(project: Project) -> list[str]:
    """The services in whose volume a restore has left something."""
    return [each for each, folder in FOLDERS.items() if ".upready-restore" in project.run(each, "ls", "-A", folder)]


def kill(project: Project, backup: str, *, swapped: bool) -> None:
    """Kill a restore once files are beside those that serve, or once all have their place."""
    task = project.begin("restore", backup, "--yes")
    assert task.stdout
    if swapped:
        assert any(line.startswith("restart ") for line in task.stdout)
    else:
        assert any(line.strip() == "restore beside it" for line in task.stdout)
        until(lambda: "db" in left(project))
    task.kill()
    task.communicate()
    until(lambda: all(each.state == "running" for each in project.containers()))
    until(lambda: not subprocess.run(["docker", "exec", f"{project.name}-db-1", "pg_isready", "-q"]).returncode)


def test_a_servers_volume_that_was_restored_as_files(shop: Project) -> None:
    sql(shop, "CREATE TABLE t AS SELECT 1 AS x")
    shop.run("cache", "redis-cli", "SET", "first", "1")
    shop.run("cache", "redis-cli", "SAVE")
    shop.ok("stop")
    [backup] = shop.ok("stop", "--volumes", "--yes", "--json").json["backups"]
    shop.ok("dev")
    sql(shop, "CREATE TABLE later AS SELECT 2 AS x")
    shop.run("cache", "redis-cli", "SET", "later", "1")

    # Before the swap: what was there serves on, and what is half made is removed by the next task.
    kill(shop, backup, swapped=False)
    assert "db" in left(shop)
    told = shop.invoke("health")
    assert left(shop) == [], told.err
    assert sql(shop, "SELECT x FROM later") == "2"

    # After it: what was replaced goes into a backup before it is removed.
    kill(shop, backup, swapped=True)
    assert left(shop) == ["cache", "db"]
    told = shop.invoke("health")
    assert left(shop) == [], told.err
    assert sql(shop, "SELECT to_regclass('later') IS NULL") == "t"
    kept = {
        line.split(" of ")[-1].split(":")[0]: line.split("what was there before is in ")[1].strip()
        for line in told.err.splitlines()
        if "a restore was cut off" in line
    }
    assert kept.keys() == {"cache", "db"}, told.err
    for each in kept.values():
        shop.ok("restore", each, "--yes")
    assert sql(shop, "SELECT x FROM later") == "2"
    assert shop.run("cache", "redis-cli", "KEYS", "*") == "later"
    assert left(shop) == []
