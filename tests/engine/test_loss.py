"""`invoke stop --volumes`: what is said before data go, and what is kept of them."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, write_tasks
from tests.engine.scene import connected
from upready.data.archive import Reader
from upready.dotenv import creation

pytestmark = pytest.mark.engine

COMPOSE = """\
services:
  db:
    image: postgres:17-alpine
    environment: {POSTGRES_PASSWORD: "${DB_PASSWORD:?}", POSTGRES_USER: shop, POSTGRES_DB: shop}
    volumes: ["data:/var/lib/postgresql/data", "beside:/beside"]
    healthcheck: {test: [CMD-SHELL, "pg_isready -q -h 127.0.0.1 -U shop"], start_period: 60s, start_interval: 250ms}
  files:
    image: debian:trixie-slim
    init: true
    command: [sh, -c, "echo kept >/files/it; exec sleep 600"]
    stop_grace_period: 1s
    volumes: ["files:/files", "empty:/empty"]
    x-ops: {stable: 0.1}
volumes: {data: {}, beside: {}, files: {}, empty: {}}
"""
ROWS = "CREATE TABLE orders (id int); INSERT INTO orders SELECT generate_series(1, 1234); CREATE TABLE users (id int)"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path / "shop", unique_name("loss"))
    project.write("compose.yaml", COMPOSE)
    project.write(".env", f"DB_PASSWORD={creation.generate(32)}\n")
    write_tasks(project.root)
    project.ok("dev")
    project.ok("exec", "db", "--", "psql", "-U", "shop", "-c", ROWS)
    project.ok("exec", "db", "--", "sh", "-c", "echo kept >/beside/it")
    yield project
    remove_project(project.name)


def test_what_goes_is_told_and_kept(shop: Project, tmp_path: Path) -> None:
    asked = shop.invoke("stop", "--volumes")
    assert asked.code == 2
    assert f"the data of {shop.name} in {shop.root}" in asked.err
    assert f"volume {shop.name}_data, " in asked.err
    assert "database shop of db: 1,234 rows (orders 1,234, users 0)" in asked.err
    assert len(shop.containers()) == 2

    # Another checkout of the same name neither stops nor removes it, unless it is told to.
    other = Project(tmp_path / "other", shop.name)
    other.write("compose.yaml", COMPOSE)
    other.write(".env", (shop.root / ".env").read_text("utf-8"))
    write_tasks(other.root)
    refused = other.invoke("stop", "--volumes", "--yes")
    assert refused.code == 2
    assert str(shop.root) in refused.err
    assert "or: to stop it all the same: invoke stop --volumes --yes --foreign" in refused.err
    assert len(shop.containers()) == 2
    told = other.invoke("stop", "--volumes", "--foreign")
    assert told.code == 2
    assert f"the data of {shop.name} in {shop.root}" in told.err

    gone = shop.ok("stop", "--volumes", "--yes", "--json").json
    assert sorted(gone["volumes"]) == [f"{shop.name}_{name}" for name in ("beside", "data", "empty", "files")]
    [path] = gone["backups"]
    with Reader(Path(path)) as reader:
        reader.prove()
        parts = {each.service: each for each in reader.manifest.parts}
        assert parts["db"].items[0].rows == {"orders": 1234, "users": 0}
        assert {item.name for item in parts["files"].items} >= {f"{shop.name}_files"}
        # A database's service may have a volume of something else: of its data there is a dump.
        assert [item.name for item in parts["beside"].items] == [f"{shop.name}_beside"]
        assert f"{shop.name}_data" not in {item.name for each in parts.values() for item in each.items}
    assert connected().volumes(shop.name) == []
    assert tarfile.is_tarfile(path)

    shop.ok("dev")
    shop.ok("restore", path, "--yes")
    shop.ok("health")
    assert shop.ok("exec", "db", "--", "cat", "/beside/it").out == "kept\n"
    assert shop.ok("psql", "db", "--", "-Atc", "SELECT count(*) FROM orders").out == "1234\n"
    told = shop.ok("backup")
    assert f"db has the volume {shop.name}_beside beside its databases: it is not in the backup" in told.err


@pytest.mark.nightly
def test_what_has_ended_is_kept_as_it_is_and_no_backup_where_none_is_wanted(shop: Project) -> None:
    shop.ok("stop")
    gone = shop.ok("stop", "--volumes", "--yes", "--json").json
    [path] = gone["backups"]
    with Reader(Path(path)) as reader:
        items = [item.name for part in reader.manifest.parts for item in part.items]
        assert sorted(items) == [f"{shop.name}_{name}" for name in ("beside", "data", "files")]
    shop.ok("dev")
    assert shop.ok("stop", "--volumes", "--yes", "--no-backup", "--json").json["backups"] == []
