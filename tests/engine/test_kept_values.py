"""A `.env` that is gone, while the data are not: no new secret is made that would not open them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, write_tasks
from tests.engine.scene import connected
from upready.dotenv import creation
from upready.envfile import document

pytestmark = pytest.mark.engine

# Postgres is played by a program that only keeps its folder: what counts is who gets which secret, and from where.
COMPOSE = """\
services:
  db:
    image: debian:trixie-slim
    init: true
    command: [sleep, "600"]
    stop_grace_period: 1s
    environment:
      POSTGRES_USER: ${DB_USER:-owner}
      POSTGRES_PASSWORD: ${DB_PASSWORD:?}
      SETUP: "ALTER ROLE app PASSWORD '${APP_PASSWORD:?}'"
    volumes: ["data:/var/lib/postgresql/data"]
    x-ops: {stable: 0}
  web:
    image: debian:trixie-slim
    init: true
    command: [sleep, "600"]
    stop_grace_period: 1s
    environment: {PASSWORD: "${APP_PASSWORD:?}", MODE: "${MODE:-plain}", OTHER: "${OTHER:-${MODE:-plain}}"}
    secrets: [key]
    x-ops: {stable: 0}
secrets: {key: {environment: WEB_KEY}}
volumes: {data: {}}
"""
EXAMPLE = """\
# @required
DB_USER=owner

# @required @sensitive @generate=secret(length=32)
DB_PASSWORD=

# @required @sensitive @generate=secret(length=32)
APP_PASSWORD=

# @required @sensitive @generate=secret(length=32)
WEB_KEY=

MODE=plain
OTHER=
"""
SECRETS = ("DB_PASSWORD", "APP_PASSWORD", "WEB_KEY")


ENV = "DB_USER=somebody\nMODE=plain\nOTHER=\n" + "".join(f"{name}={creation.generate(32)}\n" for name in SECRETS)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project that has run, with a database's user of its own."""
    project = Project(tmp_path_factory.mktemp("shop"), unique_name("kept"))
    write_tasks(project.root)
    project.write("compose.yaml", COMPOSE)
    project.write(".env.example", EXAMPLE)
    project.write(".env", ENV)
    project.ok("dev")
    yield project
    remove_project(project.name)


@pytest.fixture
def shop(started: Project) -> Project:
    """The same for one test, with its files as they were."""
    started.write("compose.yaml", COMPOSE)
    started.write(".env.example", EXAMPLE)
    started.write(".env", ENV)
    return started


def values(project: Project) -> dict[str, str]:
    doc = document.read(project.root / ".env")
    return {each.key: each.parsed or "" for each in doc.entries}


@pytest.mark.nightly
def test_what_containers_have_is_taken_back_and_never_shown(shop: Project) -> None:
    before = values(shop)
    (shop.root / ".env").unlink()
    ids = {each.id for each in shop.containers()}

    refused = shop.invoke("dev")
    assert refused.code == 3
    assert not (shop.root / ".env").exists()
    assert f"{shop.name}-db-1" in refused.err
    assert "DB_PASSWORD" in refused.err
    assert refused.err.rstrip().endswith("next: invoke dev --yes")
    planned = shop.ok("--dry", "dev")
    assert "take back into .env" in planned.out
    assert "generated: nothing" in planned.out

    done = shop.ok("dev", "--yes")
    assert values(shop) == before
    # The same values: nothing was made anew.
    assert {each.id for each in shop.containers()} == ids
    said = refused.out + refused.err + planned.out + planned.err + done.out + done.err
    assert not [name for name in SECRETS if before[name] in said]


def test_a_line_that_data_need_is_taken_back_from_a_container_that_has_ended(shop: Project) -> None:
    before = values(shop)
    text = (shop.root / ".env").read_text("utf-8")
    shop.write(".env", re.sub("^(DB_PASSWORD|WEB_KEY)=.*$", r"\1=", text, flags=re.MULTILINE))
    for each in shop.containers():
        connected().client.api.stop(each.id, timeout=1)

    assert shop.invoke("env.init", "--no-ask").code == 3
    done = shop.ok("env.init", "--no-ask", "--yes", "--json")
    assert done.json["taken_back"] == ["DB_PASSWORD"]
    after = values(shop)
    assert after["DB_PASSWORD"] == before["DB_PASSWORD"]
    # Nothing that is kept depends on this one: it is as if it were left out on purpose.
    assert after["WEB_KEY"] not in ("", before["WEB_KEY"])


def test_a_secret_that_is_new_is_generated_beside_data(shop: Project) -> None:
    shop.write(".env.example", EXAMPLE + "\n# @sensitive @generate=secret(length=32)\nTOKEN=\n")
    shop.write("compose.yaml", COMPOSE.replace("      SETUP:", '      TOKEN: "${TOKEN:-}"\n      SETUP:'))
    shop.ok("env.init", "--no-ask")
    assert values(shop)["TOKEN"]


def test_what_another_checkout_runs_is_not_taken(shop: Project, tmp_path: Path) -> None:
    other = Project(tmp_path / "other", shop.name)
    other.write("tasks.py", "from upready.tasks import ns\n")
    other.write("compose.yaml", COMPOSE)
    other.write(".env.example", EXAMPLE)
    refused = other.invoke("env.init", "--no-ask", "--yes")
    assert refused.code == 3
    assert "invoke env.init --isolated" in refused.err
    other.environment["COMPOSE_PROJECT_NAME"] = f"{shop.name}-other"
    other.ok("env.init", "--no-ask")


@pytest.mark.nightly
def test_where_nobody_has_it_any_more_the_way_is_told_at_once(shop: Project) -> None:
    shop.ok("stop")
    (shop.root / ".env").unlink()
    for task in (["dev", "--yes"], ["--dry", "dev"], ["env.init", "--no-ask"]):
        refused = shop.invoke(*task)
        assert refused.code == 3, task
        assert f"the volume {shop.name}_data is still there: db keeps the DB_PASSWORD" in refused.err
        assert "next: with the old value: invoke env.set DB_PASSWORD && invoke env.init --env dev" in refused.err
        assert "invoke stop --volumes" in refused.err
        assert not (shop.root / ".env").exists()
    # Each way that is told works.
    shop.ok("env.init", "--no-ask", "--env", "dev", "--new-secrets")
    (shop.root / ".env").write_text("DB_PASSWORD=old-value-of-the-volume\n", encoding="utf-8")
    shop.ok("env.init", "--no-ask", "--env", "dev")
    assert values(shop)["DB_PASSWORD"] == "old-value-of-the-volume"
    assert values(shop)["APP_PASSWORD"]
    (shop.root / ".env").unlink()
    shop.ok("stop", "--volumes", "--yes")
    shop.ok("env.init", "--no-ask")
