"""Data of another major version of PostgreSQL: told before anything is touched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, write_tasks
from tests.engine.postgres_images import NEW, OLD, repository
from upready.dotenv import creation

pytestmark = pytest.mark.engine

COMPOSE = """\
services:
  db:
    image: REPOSITORY:${PG:-16}
    environment: {POSTGRES_PASSWORD: "${DB_PASSWORD:?}", POSTGRES_USER: shop, POSTGRES_DB: shop}
    volumes: ["data:/var/lib/postgresql/data"]
    healthcheck: {test: [CMD-SHELL, "pg_isready -q -h 127.0.0.1 -U shop"], start_period: 60s, start_interval: 250ms}
volumes: {data: {}}
"""
ROWS = """
CREATE ROLE reader LOGIN PASSWORD 'of the reader';
CREATE TABLE orders (id serial PRIMARY KEY, name text);
INSERT INTO orders (name) SELECT 'order ' || n FROM generate_series(1, 1234) AS n;
GRANT SELECT ON orders TO reader;
"""
INVOKE = "ops: {environments: {dev: {files: [compose.yaml]}, prod: {files: [compose.yaml], strict: true}}}\n"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with repository(tmp_path_factory.mktemp("image")) as name:
        project = Project(tmp_path_factory.mktemp("shop"), unique_name("versions"))
        write_tasks(project.root)
        project.write("compose.yaml", COMPOSE.replace("REPOSITORY", name))
        project.write("invoke.yaml", INVOKE)
        project.write(".env", f"DB_PASSWORD={creation.generate(32)}\n")
        project.ok("dev")
        project.ok("exec", "db", "--", "psql", "-U", "shop", "-qc", ROWS)
        yield project
        remove_project(project.name)


@pytest.mark.nightly(day=1)
@pytest.mark.parametrize("task", [("dev",), ("prod",), ("prod", "--plan"), ("--dry", "dev"), ("dev", "stopped")])
def test_a_newer_image_on_older_data_is_told_at_once(shop: Project, task: tuple[str, ...]) -> None:
    """Also while it serves: it serves on."""
    before = [each.id for each in shop.containers()]
    if task[-1] == "stopped":
        shop.ok("stop")
        before, task = [], task[:1]
    refused = shop.invoke(*task, env={"PG": str(NEW)})
    assert refused.code == 6
    image = shop.root.joinpath("compose.yaml").read_text("utf-8").split("image: ")[1].split(":")[0]
    told = f"db cannot use its data: the volume {shop.name}_data is of PostgreSQL {OLD}, and the image {image}:{NEW}"
    assert told in refused.err
    assert f"invoke env.set PG={OLD} && invoke {task[0] if task[0] != '--dry' else 'dev'}" in refused.err
    assert [each.id for each in shop.containers()] == before
    assert all(each.state == "running" for each in shop.containers())


@pytest.mark.nightly
def test_the_next_version_takes_over_the_data_of_a_stack_that_is_stopped(shop: Project) -> None:
    """After the tests above: it does not run."""
    newer = {"PG": str(NEW)}
    shop.ok("stop")
    asked = shop.invoke("upgrade", "db", env=newer)
    assert asked.code == 2
    assert "nobody is here to confirm it" in asked.err
    done = shop.ok("upgrade", "--yes", "--json", env=newer).json
    assert {name: done[name] for name in ("service", "from", "to", "kept")} == {
        "service": "db",
        "from": OLD,
        "to": NEW,
        "kept": [f"before_{NEW}"],
    }
    assert done["rows"] == {"shop": {"orders": 1234}}
    shop.ok("dev", env=newer)
    query = "SELECT count(*), max(id), current_setting('server_version_num')::int / 10000 FROM orders"
    line = ("exec", "db", "--", "psql", "-h", "127.0.0.1", "-Atc", query, "postgresql://reader:of%20the%20reader@/shop")
    assert shop.ok(*line, env=newer).out.strip() == f"1234|1234|{NEW}"
    assert shop.ok("upgrade", "--yes", "--json", env=newer).json["from"] is None

    # And never back: the old version would not read them.
    refused = shop.invoke("upgrade", "--yes")
    assert refused.code == 2
    assert "cannot be downgraded" in refused.err
    refused = shop.invoke("dev")
    assert refused.code == 6
    assert "invoke upgrade" not in refused.err

    assert shop.ok("upgrade", "--forget", "--yes", "--json", env=newer).json["kept"] == [f"before_{NEW}"]
    assert shop.ok(*line, env=newer).out.strip() == f"1234|1234|{NEW}"
