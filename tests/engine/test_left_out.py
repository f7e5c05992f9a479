"""What a backup cannot have is told by name, before it is lost, with the command that lets the next one have it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, write_tasks
from tests.engine.test_precaution import COMPOSE
from upready.data.archive import Reader

pytestmark = [pytest.mark.engine, pytest.mark.nightly]

SETUP = """
CREATE DATABASE "old 'n' shut";
CREATE DATABASE model;
CREATE DATABASE bare IS_TEMPLATE true;
"""
ROWS = "CREATE TABLE paid (id int); INSERT INTO paid SELECT generate_series(1, 5)"
CLOSE = """
ALTER DATABASE "old 'n' shut" ALLOW_CONNECTIONS false;
ALTER DATABASE model IS_TEMPLATE true;
"""
TOLD = ("db has the database model, a template that has tables", "db has the database old 'n' shut, to which nobody")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path / "shop", unique_name("left"), {"OPS_STATE_DIR": str(tmp_path / "state")})
    project.write("compose.yaml", COMPOSE)
    project.write("invoke.yaml", "ops: {environments: {prod: {files: [compose.yaml], timeout: 60}}}\n")
    write_tasks(project.root)
    try:
        project.ok("prod")
        sql(project, SETUP)
        for name in ("old 'n' shut", "model"):
            sql(project, ROWS, name)
        sql(project, CLOSE)
        yield project
    finally:
        remove_project(project.name)


def sql(project: Project, text: str, database: str = "shop") -> str:
    words = [word for each in text.strip().split(";\n") for word in ("-c", each)]
    return project.ok("exec", "db", "--", "psql", "-U", "shop", "-d", database, "-qAt", *words).out.strip()


def left_out(told: dict[str, Any]) -> list[str]:
    return [each["name"] for part in told["parts"] for each in part["left_out"]]


def test_databases_that_cannot_be_dumped_are_told_and_not_lost(shop: Project) -> None:
    made = shop.ok("backup", "--json")
    assert all(each in made.err for each in TOLD)
    assert "bare" not in made.err
    assert left_out(made.json) == ["model", "old 'n' shut"]
    assert [each["name"] for each in made.json["parts"][0]["items"]] == ["shop"]

    # Before a release that runs migrations, also where no other database has a row, and before a restore.
    done = shop.ok("prod", "--json", env={"SCHEMA": "2"})
    assert done.json["backup"]
    assert all(each in done.err for each in TOLD)
    done = shop.ok("restore", made.json["file"], "--yes", "--json")
    assert all(each in done.err for each in TOLD)
    assert left_out(done.json["before"]) == ["model", "old 'n' shut"]

    # Before they would be gone for good.
    asked = shop.invoke("stop", "--volumes")
    assert "database old 'n' shut of db, to which nobody may connect: no backup has it" in asked.err
    refused = shop.invoke("stop", "--volumes", "--yes")
    assert refused.code == 10
    assert all(each in refused.err for each in TOLD)
    assert "to do without: invoke stop --volumes --no-backup" in refused.err.splitlines()[-1]
    error = shop.invoke("stop", "--volumes", "--yes", "--json").json["error"]
    assert TOLD[0] in error["message"]
    assert TOLD[1] in error["details"][0]
    assert shop.container("db").state == "running"

    # What is told can be pasted.
    steps = [each.removeprefix("invoke ") for each in error["next"].splitlines() if "psql" in each]
    assert len(steps) == 2
    assert all(each in made.err for each in steps)
    for each in steps:
        shop.ok(*shlex.split(each))
    [path] = shop.ok("stop", "--volumes", "--yes", "--json").json["backups"]
    with Reader(Path(path)) as reader:
        items = {each.name: each.rows for part in reader.manifest.parts for each in part.items}
        assert [part.left_out for part in reader.manifest.parts] == [()]
    assert items["model"] == items["old 'n' shut"] == {"paid": 5}


def test_one_to_which_nobody_may_connect_is_not_replaced(shop: Project) -> None:
    sql(shop, "ALTER DATABASE \"old 'n' shut\" ALLOW_CONNECTIONS true")
    made = shop.ok("backup", "--json").json["file"]
    sql(shop, "ALTER DATABASE \"old 'n' shut\" ALLOW_CONNECTIONS false")
    refused = shop.invoke("restore", made, "--yes")
    assert refused.code == 10
    assert "to which nobody may connect: nothing can take its place" in refused.err
    step = refused.err.splitlines()[-1].removeprefix("next: invoke ")
    shop.ok(*shlex.split(step))
    shop.ok("restore", made, "--yes")
    assert sql(shop, "SELECT count(*) FROM paid", "old 'n' shut") == "5"
