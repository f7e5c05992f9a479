"""A database of PostgreSQL that is not there any more, or not whole, when it is to be restored or backed up."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project
from tests.engine.twins import bare

pytestmark = [pytest.mark.engine, pytest.mark.nightly]

STACK = """
services:
  db:
    image: postgres:17-alpine
    environment: {POSTGRES_USER: ann, POSTGRES_PASSWORD: only-for-this-test, POSTGRES_DB: shop}
    volumes: [db-data:/var/lib/postgresql/data]
    healthcheck: {test: [CMD-SHELL, pg_isready -h 127.0.0.1], interval: 1s, start_interval: 250ms, start_period: 60s}
volumes: {db-data: }
"""

SETUP = """
CREATE TABLE item (id int);
INSERT INTO item SELECT generate_series(1, 30);
CREATE ROLE clerk LOGIN;
CREATE ROLE boss;
GRANT boss TO clerk;
ALTER DATABASE shop SET search_path TO public, pg_catalog;
REVOKE ALL ON DATABASE shop FROM PUBLIC;
GRANT CONNECT ON DATABASE shop TO clerk WITH GRANT OPTION;
CREATE DATABASE "Tax 'n'" OWNER boss ENCODING LATIN1 LOCALE 'C' TEMPLATE template0;
ALTER DATABASE "Tax 'n'" SET work_mem TO '9MB';
ALTER ROLE clerk IN DATABASE "Tax 'n'" SET "my.word" TO 'a, b';
COMMENT ON DATABASE "Tax 'n'" IS 'two
lines';
ALTER DATABASE "Tax 'n'" CONNECTION LIMIT 7;
"""

TAX = "dbname='Tax \\'n\\''"
"""The second database, as psql takes its name."""

KEPT = """
SELECT datname, pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datconnlimit,
  (SELECT array_agg(a ORDER BY a) FROM unnest(datacl::text[]) AS a), shobj_description(oid, 'pg_database')
FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1;
SELECT datname, setrole::regrole, setconfig FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase
ORDER BY 1, setrole::regrole::text;
"""
"""What belongs to a database, and stands in none of its tables."""


def sql(project: Project, text: str, database: str = "postgres") -> str:
    line = ["docker", "exec", "-i", f"{project.name}-db-1", "psql", "-XAtqvON_ERROR_STOP=1", "-U", "ann", database]
    done = subprocess.run(line, input=text, capture_output=True, encoding="utf-8", timeout=60)
    assert not done.returncode, done.stderr
    return done.stdout.strip()


def begun(folder: Path) -> Project:
    made = bare(folder, unique_name("databases"), {"OPS_STATE_DIR": str(folder / "state")})
    made.write("compose.yaml", STACK)
    made.ok("dev")
    return made


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    made = begun(tmp_path_factory.mktemp("databases"))
    sql(made, SETUP, "shop")
    sql(made, "CREATE TABLE paid (id int); INSERT INTO paid SELECT generate_series(1, 5)", TAX)
    yield made
    remove_project(made.name)


@pytest.fixture(scope="module")
def backup(project: Project) -> str:
    return str(project.ok("backup", "--json").json["file"])


def restored(project: Project, kept: str) -> None:
    assert sql(project, KEPT) == kept
    assert sql(project, "SELECT count(*) FROM item", "shop") == "30"
    assert sql(project, "SELECT count(*) FROM paid", TAX) == "5"


def test_one_that_is_not_there_is_as_it_was(project: Project, backup: str) -> None:
    kept = sql(project, KEPT)
    sql(project, "DROP DATABASE \"Tax 'n'\"")
    sql(project, "DROP ROLE boss")
    project.ok("restore", backup, "--yes")
    restored(project, kept)
    assert sql(project, "SELECT pg_has_role('clerk', 'boss', 'MEMBER')") == "t"


def test_the_services_own_may_be_gone(project: Project, backup: str) -> None:
    kept = sql(project, KEPT)
    sql(project, "DROP DATABASE shop")
    assert project.invoke("health").code == 0
    project.ok("restore", backup, "--yes")
    restored(project, kept)


def test_all_is_as_it_was_on_another_machine(project: Project, backup: str, tmp_path: Path) -> None:
    other = begun(tmp_path)
    try:
        other.ok("restore", backup, "--yes")
        restored(other, sql(project, KEPT))
        assert sql(other, "SELECT pg_has_role('clerk', 'boss', 'MEMBER')") == "t"
    finally:
        remove_project(other.name)


def cut_off(project: Project, *names: str) -> None:
    """What a DROP DATABASE leaves that was cut off."""
    for name in names:
        sql(project, f"UPDATE pg_database SET datconnlimit = -2 WHERE datname = '{name}'")


def test_one_whose_removal_was_cut_off_holds_nothing_up(project: Project, backup: str) -> None:
    kept = sql(project, KEPT)
    sql(project, 'CREATE DATABASE half; CREATE DATABASE "shop__old_20260101T000000"')
    cut_off(project, "half", "shop__old_20260101T000000")
    told = project.invoke("health")
    assert "stays where it is" not in told.err
    made = project.ok("backup", "--json").json
    assert [each["name"] for each in made["parts"][0]["items"]] == ["shop", "Tax 'n'"]
    cut_off(project, "shop")
    project.ok("restore", backup, "--yes")
    sql(project, "DROP DATABASE half")
    restored(project, kept)


def test_a_setting_that_lets_nobody_write_is_none_that_lets_nobody_restore(project: Project, tmp_path: Path) -> None:
    sql(project, "ALTER DATABASE shop SET default_transaction_read_only = on")
    try:
        backup = project.ok("backup", "-o", f"{tmp_path}/a.tar", "--json").json["file"]
        kept = sql(project, KEPT)
        project.ok("backup", "--prove", "-o", backup)
        project.ok("restore", backup, "--yes")
        restored(project, kept)
    finally:
        sql(project, "ALTER DATABASE shop RESET default_transaction_read_only")


def test_a_table_of_another_disk_comes_back_where_there_is_none(project: Project, tmp_path: Path) -> None:
    line = ["docker", "exec", f"{project.name}-db-1", "install", "-d", "-o", "postgres", "/var/lib/postgresql/fast"]
    subprocess.run(line, check=True, capture_output=True)
    sql(project, "CREATE TABLESPACE fast LOCATION '/var/lib/postgresql/fast'")
    sql(project, "CREATE TABLE quick (id int) TABLESPACE fast; INSERT INTO quick VALUES (1)", "shop")
    backup = project.ok("backup", "-o", f"{tmp_path}/a.tar", "--json").json["file"]
    project.ok("backup", "--prove", "-o", backup)
    project.ok("restore", backup, "--yes")
    assert sql(project, "SELECT tablespace FROM pg_tables WHERE tablename = 'quick'", "shop") == "fast"
