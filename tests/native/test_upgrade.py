"""`invoke upgrade` of a database that runs as a process: data of the older version that the wheel has programs of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.conftest import Project
from tests.engine.twins import bare
from tests.native.test_backup import STACK
from upready.runtime.native import copies, executables, paths, postgres, user

OLD, NEW = 16, executables.POSTGRES_VERSION
SQL = """
CREATE ROLE reader LOGIN PASSWORD 'of the reader';
CREATE TABLE orders (id serial PRIMARY KEY, name text);
INSERT INTO orders (name) SELECT 'order ' || n FROM generate_series(1, 1234) AS n;
GRANT SELECT ON orders TO reader;
"""
VARIABLES = {"POSTGRES_USER": "ann", "POSTGRES_PASSWORD": "only-for-this-test", "POSTGRES_DB": "shop"}


def old_data(project: Project) -> Path:
    """The folder of the service `db`, as PostgreSQL 16 has made it."""
    data = paths.of(project.root, "db") / paths.DATA
    data.parent.mkdir(parents=True)
    runner = user.of(data)
    programs = copies.usable(executables.postgres(OLD), runner)
    postgres.prepare(data, runner, programs, VARIABLES)
    postgres.set_up(data, runner, programs, SQL, "shop")
    return data


@pytest.mark.slow
def test_the_next_version_takes_over_the_data(root: Path, free_port: Callable[[], int]) -> None:
    project = bare(root, "native-upgrade", {"INVOKE_OPS_RUNTIME": "native"})
    project.write("compose.yaml", STACK.format(port=free_port()))
    data = old_data(project)
    refused = project.invoke("dev")
    assert refused.code == 6
    assert f"db cannot use its data: the folder {data} is of PostgreSQL {OLD}" in refused.err
    assert "next: invoke upgrade db" in refused.err
    asked = project.invoke("upgrade", "db")
    assert (asked.code, "nobody is here to confirm it" in asked.err) == (2, True)

    done = project.ok("upgrade", "db", "--yes", "--json").json
    assert (done["from"], done["to"], done["rows"]) == (OLD, NEW, {"shop": {"orders": 1234}})
    assert done["kept"] == [f"before_{NEW}"]
    # As a kill between the two renames leaves it: the start goes on.
    data.rename(data.with_name(paths.READY))
    project.ok("dev")
    try:
        line = "postgresql://reader:of%20the%20reader@/shop"
        query = "SELECT count(*), max(id), current_setting('server_version_num')::int / 10000 FROM orders"
        assert project.ok("exec", "db", "--", "psql", "-Atc", query, line).out.strip() == f"1234|1234|{NEW}"
        assert project.ok("upgrade", "--yes", "--json").json["from"] is None
        assert project.ok("upgrade", "--forget", "--yes", "--json").json["kept"] == [f"before_{NEW}"]
    finally:
        project.ok("stop")
    assert sorted(each.name for each in data.parent.iterdir() if each.is_dir()) == ["data"]


def test_data_of_a_version_that_nobody_has_here_stay(root: Path, free_port: Callable[[], int]) -> None:
    project = bare(root, "native-unknown", {"INVOKE_OPS_RUNTIME": "native"})
    project.write("compose.yaml", STACK.format(port=free_port()))
    data = paths.of(project.root, "db") / paths.DATA
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("15\n", "utf-8")
    refused = project.invoke("upgrade", "--yes")
    assert refused.code == 2
    assert "there are no programs of PostgreSQL 15 here, only of 18, 16" in refused.err
    refused = project.invoke("dev")
    assert (refused.code, "invoke upgrade" in refused.err) == (6, False)
