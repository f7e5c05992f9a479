"""A restore of which the last service cannot be swapped: the others are swapped back, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine import data_images
from tests.engine.conftest import Project, until
from tests.engine.twins import bare
from upready.data.archive import Reader

pytestmark = [pytest.mark.engine, pytest.mark.nightly, pytest.mark.timeout(900)]

COMPOSE = """
services:
  cache:
    image: %(redis)s
    volumes: ["keys:/data"]
  db:
    image: postgres:17-alpine
    environment: {POSTGRES_PASSWORD: only-for-this-test, POSTGRES_DB: shop}
    volumes: ["rows:/var/lib/postgresql/data"]
    healthcheck: {test: [CMD-SHELL, pg_isready -h 127.0.0.1], interval: 1s, start_interval: 250ms, start_period: 300s}
  early: &files
    image: debian:trixie-slim
    command: [sleep, infinity]
    init: true
    stop_grace_period: 1s
    volumes: ["early:/files"]
    x-ops: {stable: 0}
  uploads:
    <<: *files
    volumes: ["uploads:/files"]
%(more)s
volumes: {keys: {}, rows: {}, early: {}, uploads: {}, tables: {}}
"""

MARIADB = """
  maria:
    image: %s
    environment: {MARIADB_ROOT_PASSWORD: only-for-this-test, MARIADB_DATABASE: shop}
    volumes: ["tables:/var/lib/mysql"]
    healthcheck:
      test: [CMD-SHELL, mariadb-admin ping -h 127.0.0.1]
      interval: 1s
      start_interval: 250ms
      start_period: 300s
"""

TASKS = """
import time
from pathlib import Path

from upready.data import volume_exchange
from upready.support.errors import DataError
from upready.tasks import ns

exchange = volume_exchange.Volumes.swap


def swap(self):
    if self.source.service != "uploads":
        return exchange(self)
    Path("swapped").touch()
    while not Path("go").exists():
        time.sleep(0.05)
    raise DataError("these files cannot be exchanged", next="invoke doctor")


volume_exchange.Volumes.swap = swap
"""
"""The last swap waits until the test has written something, and fails."""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Project]:
    made = bare(tmp_path / "shop", unique_name("taken"))
    with data_images.image("redis") as redis, data_images.image("mariadb") as mariadb:
        made.write("compose.yaml", COMPOSE % {"redis": redis, "more": MARIADB % mariadb})
        made.write("tasks.py", TASKS)
        try:
            made.ok("dev", "--timeout", "600")
            yield made
        finally:
            remove_project(made.name)


def sql(project: Project, text: str) -> str:
    return project.run("db", "psql", "-U", "postgres", "shop", "-XAtqc", text)


def maria(project: Project, text: str) -> str:
    return project.run("maria", "mariadb", "-ponly-for-this-test", "-N", "shop", "-e", text)


def put(project: Project, word: str) -> None:
    """Write one thing to each service."""
    sql(project, f"CREATE TABLE IF NOT EXISTS t (word text); INSERT INTO t VALUES ('{word}')")
    maria(project, f"CREATE TABLE IF NOT EXISTS t (word text); INSERT INTO t VALUES ('{word}')")
    project.run("cache", "redis-cli", "SET", word, "1")
    for service in ("early", "uploads"):
        project.run(service, "touch", f"/files/{word}")


def there(project: Project) -> dict[str, set[str]]:
    """What each service has."""
    return {
        "db": {*sql(project, "SELECT word FROM t").split()},
        "maria": {*maria(project, "SELECT word FROM t").split()},
        "cache": {*project.run("cache", "redis-cli", "KEYS", "*").split()},
        "early": {*project.run("early", "ls", "/files").split()},
        "uploads": {*project.run("uploads", "ls", "/files").split()},
    }


def test_what_was_written_after_the_swap_is_in_a_backup_that_is_named(shop: Project) -> None:
    put(shop, "first")
    shop.ok("backup")
    put(shop, "second")
    before = there(shop)
    task = shop.begin("restore", "latest", "--yes")
    until((shop.root / "swapped").exists, 300)
    # When: the backup serves, somebody writes, and the last service cannot be swapped
    assert there(shop)["db"] == {"first"}
    put(shop, "meanwhile")
    (shop.root / "go").touch()
    _, err = task.communicate(timeout=300)
    # Then: what was there serves again
    assert task.returncode == 10, err
    assert "these files cannot be exchanged" in err
    assert there(shop) == {**before, "uploads": {*before["uploads"], "meanwhile"}}
    # And: what came meanwhile is in the backups that are named
    kept = {}
    for line in err.splitlines():
        if "after the swap is in" in line:
            service = line.split("written to ")[1].split()[0]
            kept[service] = Path(line.split("after the swap is in ")[1].strip())
    assert kept.keys() == {"cache", "db", "early", "maria"}, err
    rows = {}
    for service, path in kept.items():
        with Reader(path) as reader:
            (part,) = reader.manifest.parts
            rows[service] = [dict(each.rows) for each in part.items]
            if service == "early":
                with reader.member(part.items[0].member) as file:
                    assert file.read(1)
    assert rows["db"] == rows["maria"] == [{"t": 2}]
    assert sum(rows["cache"][0].values()) == 2
    # And: nothing of it is left
    for service in ("cache", "early", "uploads"):
        folder = "/data" if service == "cache" else "/files"
        assert ".upready-restore" not in shop.run(service, "ls", "-A", folder)
    assert sql(shop, "SELECT count(*) FROM pg_database WHERE datname ~ '__(old|new)_'") == "0"
    assert [each for each in maria(shop, "SHOW DATABASES").split() if "__" in each] == []
