"""What users of MariaDB may do is there again after a restore: by roles, and on single tables, columns, routines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine import data_images
from tests.engine.conftest import Project
from tests.engine.test_foreign_data import MARIADB, SETUP, WORD, sql
from tests.engine.twins import bare

pytestmark = [pytest.mark.engine, pytest.mark.nightly, pytest.mark.timeout(900)]

RIGHTS = """
CREATE ROLE clerk; GRANT SELECT ON shop.* TO clerk;
CREATE ROLE boss; GRANT clerk TO boss; GRANT DELETE ON shop.parent TO boss;
CREATE USER bea@'%' IDENTIFIED BY 'bea-s-word';
GRANT boss TO bea@'%' WITH ADMIN OPTION; SET DEFAULT ROLE boss FOR bea@'%';
GRANT SELECT (id, word), INSERT ON shop.parent TO bea@'%';
GRANT UPDATE ON shop.child TO bea@'%' WITH GRANT OPTION;
GRANT SELECT ON shop.shown TO bea@'%';
GRANT EXECUTE ON FUNCTION shop.twice TO bea@'%';
GRANT SELECT ON shop.empty_one TO PUBLIC;
CREATE TABLE gone (x INT); GRANT SELECT ON shop.gone TO ann@'%'; DROP TABLE gone;
"""

WHO = ("ann@'%'", "bea@'%'", "boss", "clerk", "PUBLIC")


def rights(project: Project, database: str = "shop") -> list[str]:
    """What each may do; not on what is not there."""
    told = sql(project, "".join(f"SHOW GRANTS FOR {each};" for each in WHO), database)
    told = told.replace("(`word`, `id`)", "(`id`, `word`)")  # the server tells them in any order
    return sorted({line for line in told.splitlines() if "`gone`" not in line})


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    with data_images.image("mariadb") as name:
        yield name


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, image: str) -> Iterator[Project]:
    made = begun(tmp_path_factory.mktemp("rights"), MARIADB % image)
    sql(made, SETUP + RIGHTS)
    yield made
    remove_project(made.name)


def begun(folder: Path, files: str) -> Project:
    made = bare(folder, unique_name("rights"))
    made.write("compose.yaml", files)
    made.write("word", WORD)
    made.ok("dev", "--timeout", "600")
    return made


def test_rights_are_there_again(shop: Project, tmp_path: Path) -> None:
    before = rights(shop)
    backup = shop.ok("backup", "-o", f"{tmp_path}/", "--json").json["file"]
    shop.ok("backup", "--prove", "-o", f"{tmp_path}/")
    # A routine that is removed takes the rights on it along, and a restore removes those that are there.
    shop.ok("restore", backup, "--yes")
    assert rights(shop) == before
    sql(shop, "DROP USER bea@'%'; DROP ROLE clerk; DROP ROLE boss; DROP FUNCTION twice")
    sql(shop, "REVOKE SELECT ON shop.empty_one FROM PUBLIC")
    shop.ok("restore", backup, "--yes")
    assert rights(shop) == before
    assert sql(shop, "SELECT default_role FROM mysql.user WHERE user = 'bea'") == "boss"


def test_rights_are_there_on_another_machine(shop: Project, image: str, tmp_path: Path) -> None:
    backup = shop.ok("backup", "-o", f"{tmp_path}/a.tar", "--json").json["file"]
    other = begun(tmp_path / "other", (MARIADB % image).replace("MARIADB_DATABASE: shop", "MARIADB_DATABASE: store"))
    try:
        other.ok("restore", backup, "--yes")
        assert rights(other, "store") == [each.replace("`shop`", "`store`") for each in rights(shop)]
        assert sql(other, "SELECT two FROM shown WHERE id = 3", "store") == "6"
    finally:
        remove_project(other.name)


def test_what_a_table_was_before_is_there_again(shop: Project, tmp_path: Path) -> None:
    sql(shop, "CREATE TABLE price (x INT) WITH SYSTEM VERSIONING; INSERT INTO price VALUES (1), (2)")
    sql(shop, "UPDATE price SET x = 3 WHERE x = 1; DELETE FROM price WHERE x = 2")
    asked = "SELECT x, ROW_START, ROW_END FROM price FOR SYSTEM_TIME ALL ORDER BY x"
    before = sql(shop, asked)
    assert len(before.splitlines()) == 3
    backup = shop.ok("backup", "-o", f"{tmp_path}/", "--json").json["file"]
    shop.ok("backup", "--prove", "-o", f"{tmp_path}/")
    sql(shop, "DROP TABLE price")
    shop.ok("restore", backup, "--yes")
    assert sql(shop, asked) == before
