"""`invoke prod` backs up what the migrations of a release may harm, and a rollback over them names that backup."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, write_tasks
from upready.data.archive import Reader
from upready.data.manifest import Manifest

pytestmark = [pytest.mark.engine, pytest.mark.slow]

COMPOSE = """\
services:
  db:
    image: postgres:17-alpine
    environment: {POSTGRES_PASSWORD: only-for-this-test, POSTGRES_USER: shop, POSTGRES_DB: shop}
    volumes: ["data:/var/lib/postgresql/data"]
    healthcheck: {test: [CMD-SHELL, "pg_isready -q -h 127.0.0.1 -U shop"], start_period: 60s, start_interval: 250ms}
  migrate:
    image: postgres:17-alpine
    entrypoint: ["true"]
    environment: {SCHEMA: "${SCHEMA:-1}"}
    depends_on: {db: {condition: service_healthy}}
    tmpfs: [/var/lib/postgresql/data]
    x-ops: {data: none}
  web:
    image: debian:trixie-slim
    init: true
    command: [sleep, "600"]
    stop_grace_period: 1s
    depends_on: {migrate: {condition: service_completed_successfully}}
    x-ops: {stable: 0}
volumes: {data: {}}
"""
SQL = "CREATE TABLE orders (id int); INSERT INTO orders SELECT generate_series(1, 1234)"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    root = tmp_path_factory.mktemp("precaution")
    project = Project(root / "shop", unique_name("precaution"), {"OPS_STATE_DIR": str(root / "state")})
    project.write("compose.yaml", COMPOSE)
    project.write("invoke.yaml", "ops: {environments: {prod: {files: [compose.yaml], timeout: 60}}}\n")
    write_tasks(project.root)
    yield project
    remove_project(project.name)


def manifest(path: str) -> Manifest:
    with Reader(Path(path)) as reader:
        reader.prove()
        return reader.manifest


def sql(shop: Project, text: str) -> str:
    return shop.ok("exec", "db", "--", "psql", "-U", "shop", "-qAtc", text).out.strip()


@pytest.mark.nightly
def test_what_migrations_may_harm_is_backed_up_before_and_named_after(shop: Project) -> None:
    first = shop.ok("prod", "--json").json
    assert "backup" not in first  # no row is there yet
    sql(shop, SQL)

    second = {"SCHEMA": "2"}
    planned = shop.ok("prod", "--plan", "--json", env=second).json
    assert (planned["runs_migrations"], planned["backs_up"]) == (["migrate"], ["db"])
    assert "back up db before the migrations of migrate" in shop.ok("--dry", "prod", env=second).out
    assert "back up" not in shop.ok("--dry", "prod").out
    assert "back up" not in shop.ok("--dry", "prod", "--no-backup", env=second).out
    web = shop.container("web")
    refused = shop.invoke("prod", env={**second, "BACKUP_RECIPIENT": "nobody"})
    assert refused.code == 10, refused.err
    assert "the backup before the migrations could not be made" in refused.err
    assert refused.err.splitlines()[-1].endswith("to do without: invoke prod --no-backup")
    assert shop.container("web") == web
    assert len(shop.ok("releases", "--json").json["releases"]) == 1

    done = shop.ok("prod", "--json", env=second).json
    made = manifest(done["backup"])
    assert made.reason == f"before the release {done['release']}"
    assert made.parts[0].items[0].rows == {"orders": 1234}
    named = f"the data of before are in {done['backup']}"
    asked = shop.invoke("rollback")
    assert (asked.code, named in asked.err, f"invoke restore {made.id}" in asked.err) == (2, True, True)
    assert named in shop.ok("--dry", "rollback").out
    told = {each["release"]: each["backup"] for each in shop.ok("releases", "--json").json["releases"]}
    assert told == {first["release"]: None, done["release"]: {"id": made.id, "file": done["backup"]}}


@pytest.mark.nightly
def test_a_database_at_rest_is_backed_up_as_it_is_and_comes_back(shop: Project) -> None:
    """After the test above: it has rows."""
    shop.ok("stop")
    done = shop.ok("prod", "--json", env={"SCHEMA": "3"}).json
    [part] = manifest(done["backup"]).parts
    assert [(part.kind, each.name) for each in part.items] == [("volume", f"{shop.name}_data")]
    sql(shop, "DELETE FROM orders")
    shop.ok("restore", done["backup"], "--yes")
    assert sql(shop, "SELECT count(*) FROM orders") == "1234"
    assert "backup" not in shop.ok("prod", "--json", "--no-backup", env={"SCHEMA": "4"}).json
