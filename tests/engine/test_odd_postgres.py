"""Backup, proof and restore of a PostgreSQL whose port, names and roles are not the usual ones."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project
from tests.engine.twins import bare
from upready.data import postgres_upgrade
from upready.data.postgres import Server
from upready.support.pipes import Call

pytestmark = [pytest.mark.engine, pytest.mark.nightly]

STACK = """
services:
  db:
    image: postgres:17-alpine
    command: [postgres, -c, port=6543, -c, unix_socket_directories=/tmp]
    environment:
      POSTGRES_USER: Shop Owner
      POSTGRES_PASSWORD: only-for-this-test
      POSTGRES_DB: My Shop
      PGDATA: /srv/pg/deep/data
    volumes: [data:/srv/pg]
    healthcheck:
      {test: [CMD-SHELL, pg_isready -h 127.0.0.1 -p 6543], interval: 1s, start_interval: 250ms, start_period: 300s}
volumes: {data: }
"""

SETUP = """
CREATE TABLE "An Item" (id int);
INSERT INTO "An Item" SELECT generate_series(1, 50);
CREATE ROLE zoe;
CREATE ROLE "An Na" LOGIN;
CREATE ROLE bob;
GRANT zoe TO "An Na";
GRANT bob TO zoe WITH ADMIN OPTION;
COMMENT ON DATABASE "My Shop" IS 'it''s ours';
ALTER ROLE bob IN DATABASE "My Shop" SET search_path TO "A b", public;
ALTER ROLE "An Na" IN DATABASE "My Shop" SET work_mem TO '9MB';
ALTER DATABASE "My Shop" SET work_mem TO '7MB';
ALTER DATABASE "My Shop" CONNECTION LIMIT 33;
GRANT CONNECT ON DATABASE "My Shop" TO bob WITH GRANT OPTION;
"""

KEPT = """
SELECT datname, datconnlimit, (SELECT array_agg(a ORDER BY a) FROM unnest(datacl::text[]) AS a),
  shobj_description(oid, 'pg_database') FROM pg_database WHERE NOT datistemplate ORDER BY 1;
SELECT datname, setrole::regrole, setconfig FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase
ORDER BY 1, setrole::regrole::text;
SELECT roleid::regrole, member::regrole FROM pg_auth_members WHERE member > 16000 ORDER BY 1, 2;
"""
"""What belongs to a database, and stands in none of its tables."""


@pytest.fixture
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    made = bare(tmp_path_factory.mktemp("odd"), unique_name("odd"))
    made.write("compose.yaml", STACK)
    try:
        made.ok("dev", "--timeout", "300")
        yield made
    finally:
        remove_project(made.name)


def sql(project: Project, text: str) -> str:
    line = ["docker", "exec", "-i", f"{project.name}-db-1", "psql", "-XAtq", "-v", "ON_ERROR_STOP=1"]
    line += ["-h", "/tmp", "-p", "6543", "-U", "Shop Owner", "-d", "My Shop"]
    return subprocess.run(line, input=text, capture_output=True, check=True, encoding="utf-8").stdout


def test_all_of_it_is_there_again(shop: Project) -> None:
    sql(shop, SETUP)
    before = sql(shop, KEPT)
    made = shop.ok("backup", "--json").json
    assert made["parts"][0]["items"][0]["rows"] == {"An Item": 50}
    # The server for the proof has another first superuser than the one that granted.
    assert "db My Shop An Item: 50" in shop.ok("backup", "--prove").out
    sql(shop, 'DELETE FROM "An Item"; DROP OWNED BY "An Na"; DROP ROLE "An Na"')
    shop.ok("restore", made["file"], "--yes")
    assert sql(shop, 'SELECT count(*) FROM "An Item"') == "50\n"
    assert sql(shop, KEPT) == before
    assert shop.ok("psql", "db", "--", "-Atc", "SELECT current_user").out == "Shop Owner\n"


def test_nobody_writes_while_a_database_is_held_for_longer_than_a_session_may_wait(shop: Project) -> None:
    """What came while the server had let go would be in no dump, and so in no new version."""
    sql(shop, "CREATE TABLE held (id int);\nALTER SYSTEM SET idle_in_transaction_session_timeout = '1s';")
    sql(shop, "ALTER SYSTEM SET transaction_timeout = '2s';\nSELECT pg_reload_conf();")
    line = ["docker", "exec", "-i", f"{shop.name}-db-1"]
    server = Server(lambda words: Call([*line, *words]), in_container=True)
    with postgres_upgrade.frozen(server, "My Shop") as still:
        time.sleep(4)
        with pytest.raises(subprocess.CalledProcessError):
            sql(shop, "SET lock_timeout = '1s';\nINSERT INTO held VALUES (1);")
        still()
    sql(shop, "INSERT INTO held VALUES (1);")
    assert server.rows("My Shop") == {"held": 1}
