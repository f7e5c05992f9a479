"""Backup, proof and restore of MariaDB and Redis by their own programs, with writers at work."""

from __future__ import annotations

import contextlib
import re
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine import data_images
from tests.engine.conftest import Project, until
from tests.engine.twins import bare

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]  # each image is built once, from packages

WORD = 'it\'s "only" $for `this` test'

MARIADB = """
services:
  db:
    image: %s
    environment: {MARIADB_ROOT_PASSWORD_FILE: /run/secrets/word, MARIADB_DATABASE: shop}
    secrets: [word]
    volumes: [data:/var/lib/mysql]
    healthcheck:
      {test: [CMD-SHELL, mariadb-admin ping -h 127.0.0.1], interval: 1s, start_interval: 250ms, start_period: 300s}
  app:
    image: debian:trixie-slim
    command: [sleep, "600"]
    init: true
    stop_grace_period: 1s
    depends_on: [db]
    x-ops: {stable: 0}
volumes: {data: {driver_opts: {type: tmpfs, device: tmpfs}}}
secrets: {word: {file: ./word}}
"""

SETUP = """
CREATE TABLE parent (id INT PRIMARY KEY AUTO_INCREMENT, word VARCHAR(40), created_at TIMESTAMP DEFAULT NOW());
CREATE TABLE child (id INT PRIMARY KEY, parent INT, bytes LONGBLOB, FOREIGN KEY (parent) REFERENCES parent (id));
CREATE TABLE `it's (odd)` (x INT); INSERT INTO `it's (odd)` VALUES (1), (2), (3);
CREATE TABLE log (word VARCHAR(40));
CREATE TABLE empty_one (x INT);
INSERT INTO parent (word) SELECT MD5(seq) FROM seq_1_to_2000;
INSERT INTO child SELECT seq, seq, UNHEX(CONCAT(MD5(seq), '00275C0A28')) FROM seq_1_to_500;
CREATE FUNCTION twice (x INT) RETURNS INT DETERMINISTIC RETURN 2 * x;
CREATE VIEW shown AS SELECT id, twice(id) AS two FROM parent;
CREATE TRIGGER noted AFTER INSERT ON parent FOR EACH ROW INSERT INTO log VALUES (CONCAT('new; ', NEW.word));
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2040-01-01 00:00:00' DO DELETE FROM log;
CREATE DATABASE `second-one`; CREATE TABLE `second-one`.t (x INT); INSERT INTO `second-one`.t VALUES (7);
CREATE USER ann@'%' IDENTIFIED BY 'ann-s-word'; GRANT SELECT ON shop.* TO ann@'%';
"""

ROWS = {"child": 500, "empty_one": 0, "it's (odd)": 3, "log": 0, "parent": 2000}


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    made = bare(tmp_path_factory.mktemp("mariadb"), unique_name("mariadb"))
    with data_images.image("mariadb") as image:
        made.write("compose.yaml", MARIADB % image)
        made.write("word", WORD)
        try:
            made.ok("dev", "--timeout", "600")
            sql(made, SETUP)
            yield made
        finally:
            remove_project(made.name)


def sql(project: Project, text: str, database: str = "shop") -> str:
    """What MariaDB answers, as its administrator."""
    script = f"MYSQL_PWD=$(cat /run/secrets/word) exec mariadb --batch --skip-column-names {database}"
    line = ["docker", "exec", "-i", f"{project.name}-db-1", "sh", "-c", script]
    return subprocess.run(line, input=text, capture_output=True, check=True, encoding="utf-8").stdout.strip()


def definitions(project: Project) -> list[str]:
    """What belongs to the tables, as the server tells it."""
    return sql(
        project,
        "SELECT two FROM shown WHERE id = 3; SELECT twice(4);"
        "SELECT trigger_name, action_statement, definer FROM information_schema.triggers;"
        "SELECT event_name, status FROM information_schema.events;",
    ).splitlines()


@pytest.mark.nightly
def test_mariadb_is_backed_up_and_proven(mariadb: Project, tmp_path: Path) -> None:
    made = mariadb.ok("backup", "-o", f"{tmp_path}/", "--json").json
    (part,) = made["parts"]
    assert (part["kind"], part["read"], part["version"].split()[0]) == ("mariadb", "snapshot", "MariaDB")
    first, second = part["items"]
    assert (first["name"], first["rows"], first["main"]) == ("shop", ROWS, True)
    assert (second["name"], second["rows"]) == ("second-one", {"t": 1})
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(["tar", "-xf", made["file"], "-C", str(out)], check=True)
    assert (
        b"CREATE TABLE" in subprocess.run(["zcat", str(out / first["member"])], capture_output=True, check=True).stdout
    )
    assert "ann" in (out / part["roles"]).read_text("utf-8")
    done = mariadb.ok("backup", "--prove", "-o", f"{tmp_path}/")
    assert "db shop parent: 2,000" in done.out


@pytest.mark.nightly
def test_mariadb_is_restored_and_back_again(mariadb: Project, tmp_path: Path) -> None:
    before = definitions(mariadb)
    backup = mariadb.ok("backup", "-o", f"{tmp_path}/a.tar", "--json").json["file"]
    sql(mariadb, "DROP VIEW shown; DROP TABLE child; DROP FUNCTION twice; DROP EVENT nightly; DROP USER ann@'%'")
    sql(mariadb, "INSERT INTO parent (word) VALUES ('came later'); CREATE VIEW other AS SELECT 1 AS x")
    shown = mariadb.invoke("restore", backup)
    assert shown.code == 2
    assert "parent: 2,001 rows now, 2,000 rows in the backup" in shown.err
    done = mariadb.ok("restore", backup, "--yes", "--json").json
    assert (
        sql(mariadb, "SELECT COUNT(*) FROM parent; SELECT COUNT(*) FROM child; SELECT COUNT(*) FROM log")
        == "2000\n500\n0"
    )
    assert definitions(mariadb) == before
    assert sql(mariadb, "SHOW FULL TABLES WHERE table_type = 'VIEW'") == "shown\tVIEW"
    assert "shop" in sql(mariadb, "SHOW GRANTS FOR ann@'%'")
    sql(mariadb, "INSERT INTO parent (word) VALUES ('after')")
    assert sql(mariadb, "SELECT word FROM log") == "new; after"
    assert "__" not in sql(mariadb, "SHOW DATABASES")
    # A key still leads to the table that was restored with it.
    assert "shop" in sql(mariadb, "SELECT unique_constraint_schema FROM information_schema.referential_constraints")
    mariadb.ok("restore", done["before"]["file"], "--yes")
    assert sql(mariadb, "SELECT COUNT(*) FROM parent; SELECT word FROM log") == "2001\nnew; came later"
    assert sql(mariadb, "SHOW FULL TABLES WHERE table_type = 'VIEW'") == "other\tVIEW"
    mariadb.ok("restore", backup, "--yes")


@pytest.mark.nightly
def test_a_view_of_which_a_table_is_gone_is_told(mariadb: Project, tmp_path: Path) -> None:
    """It can be neither read nor made, and so it is in no backup."""
    sql(mariadb, "CREATE TABLE passing (x INT); CREATE VIEW late AS SELECT x FROM passing; DROP TABLE passing")
    try:
        done = mariadb.ok("backup", "-o", f"{tmp_path}/", "--json")
        said = "Table 'shop.passing' doesn't exist"
        assert f"db has the view shop.late, which can be neither read nor made ({said}): it is not in" in done.err
        [told] = done.json["parts"][0]["left_out"]
        assert (told["kind"], told["name"], told["next"]) == ("view", "shop.late", "")
        restored = mariadb.ok("restore", done.json["file"], "--yes", "--json")
        assert "db has the view shop.late" in restored.err
        assert restored.json["before"]["parts"][0]["left_out"] == [told]
        assert sql(mariadb, "SHOW FULL TABLES WHERE table_type = 'VIEW'") == "shown\tVIEW"
    finally:
        sql(mariadb, "DROP VIEW IF EXISTS late")


@pytest.mark.nightly
def test_what_mariadb_cannot_take_is_refused_and_all_is_as_it_was(mariadb: Project, tmp_path: Path) -> None:
    backup = Path(mariadb.ok("backup", "-o", f"{tmp_path}/b.tar", "--json").json["file"])
    newer = tmp_path / "newer.tar"
    data_images.altered(backup, newer, version="MariaDB 99.1.2")
    done = mariadb.invoke("restore", str(newer), "--yes")
    assert done.code == 10
    assert "the backup of db is of MariaDB 99.1.2, and this is MariaDB" in done.err
    data_images.altered(backup, newer, version="MySQL 8.0.1")
    assert mariadb.invoke("restore", str(newer), "--yes").code == 10
    data_images.altered(backup, newer, rows={"parent": 2001})
    done = mariadb.invoke("restore", str(newer), "--yes")
    assert done.code == 10
    assert "parent: 2000 rows, not 2001" in done.err
    assert sql(mariadb, "SELECT COUNT(*) FROM parent") == "2000"


@pytest.mark.nightly
def test_what_mariadb_has_when_a_restore_is_killed_is_whole_and_kept(mariadb: Project, tmp_path: Path) -> None:
    backup = mariadb.ok("backup", "-o", f"{tmp_path}/c.tar", "--json").json["file"]
    before = definitions(mariadb)
    told = []
    for number, moment in enumerate(moments(mariadb, backup)):
        sql(mariadb, f"INSERT INTO parent (word) VALUES ('kill {number}')")
        told.append(killed(mariadb, backup, moment))
        names = sql(mariadb, "SHOW DATABASES").split()
        assert not [each for each in names if "__old" in each or "__new" in each], (moment, names)
        assert definitions(mariadb) == before
        kept = sql(mariadb, f"SELECT COUNT(*) FROM parent WHERE word = 'kill {number}'") == "1"
        assert kept or in_a_backup(mariadb, 2001), (moment, told[-1])
        mariadb.ok("restore", backup, "--yes")
    assert any("had replaced" in each for each in told), told


def moments(project: Project, backup: str) -> list[tuple[str, float]]:
    """When one is killed: seconds after a step. The last is right after the swap."""
    task = project.begin("restore", backup, "--yes")
    assert task.stdout
    assert any(line.strip() == "restore beside it" for line in task.stdout)
    began = time.monotonic()
    task.communicate()
    whole = time.monotonic() - began
    return [*(("restore beside it", whole * each / 4) for each in range(4)), ("restart app", 0.0)]


def killed(project: Project, backup: str, moment: tuple[str, float]) -> str:
    """Kill a restore at a moment; what `health` says from then on, until its server runs again."""
    task = project.begin("restore", backup, "--yes")
    assert task.stdout
    step, seconds = moment
    assert any(line.strip() == step for line in task.stdout)
    with contextlib.suppress(subprocess.TimeoutExpired):
        task.wait(seconds)
    task.kill()
    task.communicate()
    until(lambda: all(each.state == "running" for each in project.containers()))
    told = []

    def settled() -> bool:
        seen = project.invoke("health", "--json")
        told.append(seen.err)
        return bool(seen.json.get("status") == "healthy")

    until(settled)
    return "".join(told)


def in_a_backup(project: Project, count: int) -> bool:
    """Whether a backup that a restore has made holds a first table or kind of key with so many."""
    made = project.ok("backup", "--list", "--json").json["backups"]
    rows = (item["rows"] for each in made if each["reason"] for part in each["parts"] for item in part["items"])
    return any(count in each.values() for each in rows)


@pytest.mark.nightly
def test_the_password_is_on_no_command_line(mariadb: Project) -> None:
    watched = """i=0; while [ $i -lt 400 ]; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; i=$((i+1)); done"""
    line = ["docker", "exec", f"{mariadb.name}-db-1", "sh", "-c", watched]
    with subprocess.Popen(line, stdout=subprocess.PIPE, encoding="utf-8") as watcher:
        mariadb.ok("backup")
        watcher.terminate()
        said, _ = watcher.communicate()
    assert "this` test" not in said


REDIS = """
services:
  cache:
    image: %s
    command: [redis-server, --requirepass, only-for-this-test, --appendonly, "%s", --port, "6380",
      --rdbcompression, "no"]
    volumes: [data:/data]
    healthcheck:
      test: [CMD-SHELL, "redis-cli -p 6380 -a only-for-this-test ping | grep -q PONG"]
      interval: 1s
      start_interval: 250ms
      start_period: 300s
  app:
    image: debian:trixie-slim
    command: [sleep, "600"]
    init: true
    stop_grace_period: 1s
    depends_on: [cache]
    x-ops: {stable: 0}
volumes: {data: }
"""


@pytest.fixture(params=["yes", pytest.param("no", marks=pytest.mark.nightly)])
def redis(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Project]:
    made = bare(tmp_path / "project", unique_name("redis"))
    with data_images.image("redis") as image:
        made.write("compose.yaml", REDIS % (image, request.param))
        try:
            made.ok("dev")
            yield made
        finally:
            remove_project(made.name)


def keys(project: Project, *words: str) -> str:
    """What Redis answers."""
    line = ["docker", "exec", "-e", "REDISCLI_AUTH=only-for-this-test", f"{project.name}-cache-1"]
    line += ["redis-cli", "-p", "6380", *words]
    return subprocess.run(line, capture_output=True, check=True, encoding="utf-8").stdout.strip()


@pytest.mark.nightly
def test_redis_is_backed_up_proven_and_restored(redis: Project, tmp_path: Path) -> None:
    # 20 MB: more than the engine gives out of a file before anybody reads it.
    script = "for i = 1, 3000 do redis.call('SET', 'key' .. i, string.rep('x', i > 2800 and 100000 or i % 90)) end"
    keys(redis, "EVAL", script, "0")
    keys(redis, "SET", "passing", "1", "EX", "100000")
    keys(redis, "-n", "3", "SADD", "odd", "one", "two")
    made = redis.ok("backup", "-o", f"{tmp_path}/kept/", "--json").json
    (part,) = made["parts"]
    (item,) = part["items"]
    assert (part["kind"], part["read"], item["rows"]) == ("redis", "snapshot", {"lasting": 3001, "expiring": 1})
    assert part["version"].startswith("Redis ")
    assert "3,002 keys" in redis.ok("backup", "--prove", "-o", f"{tmp_path}/kept/").out
    keys(redis, "FLUSHDB")
    keys(redis, "SET", "later", "1")
    shown = redis.invoke("restore", made["file"])
    assert shown.code == 2
    assert "lasting: 2 keys now, 3,001 keys in the backup" in shown.err
    done = redis.ok("restore", made["file"], "--yes", "--json").json
    assert keys(redis, "DBSIZE") == "3001"
    assert keys(redis, "STRLEN", "key89") == "89"
    assert keys(redis, "-n", "3", "SCARD", "odd") == "2"
    assert int(keys(redis, "TTL", "passing")) > 0
    # What is written from now on lasts as before.
    keys(redis, "SET", "after", "1")
    redis.ok("restart", "--service", "cache")
    assert keys(redis, "DBSIZE") == "3002"
    redis.ok("restore", done["before"]["file"], "--yes")
    assert keys(redis, "DBSIZE") == "1"
    assert keys(redis, "GET", "later") == "1"
    line = ["docker", "exec", f"{redis.name}-cache-1", "ls", "-A", "/data"]
    seen = subprocess.run(line, capture_output=True, check=True, encoding="utf-8")
    assert ".upready-restore" not in seen.stdout


@pytest.mark.nightly
def test_what_redis_has_when_a_restore_is_killed_is_whole_and_kept(redis: Project, tmp_path: Path) -> None:
    keys(redis, "EVAL", "for i = 1, 3000 do redis.call('SET', 'key' .. i, string.rep('x', i % 90)) end", "0")
    backup = redis.ok("backup", "-o", f"{tmp_path}/r.tar", "--json").json["file"]
    told = []
    for number, moment in enumerate(moments(redis, backup)):
        keys(redis, "MSET", *(word for each in range(number + 1) for word in (f"kill{each}", "1")))
        told.append(killed(redis, backup, moment))
        line = ["docker", "exec", f"{redis.name}-cache-1", "ls", "-A", "/data"]
        left = subprocess.run(line, capture_output=True, check=True, encoding="utf-8").stdout
        assert ".upready-restore" not in left, (moment, told[-1])
        size = int(keys(redis, "DBSIZE"))
        assert size == 3001 + number or (size == 3000 and in_a_backup(redis, 3001 + number)), (moment, size, told[-1])
        redis.ok("restore", backup, "--yes")
        assert keys(redis, "DBSIZE") == "3000"
    assert any("had replaced" in each for each in told), told


WRITER = """
  writer:
    image: %s
    entrypoint: [sh, -c]
    command:
      - while :; do i=$$((i + 1)); redis-cli -h cache -p 6380 SET w$$i 1 2>/dev/null | grep -q OK && echo w$$i; done
    environment: {REDISCLI_AUTH: only-for-this-test}
    init: true
    stop_grace_period: 1s
    x-ops: {stable: 0, data: none}
"""


@pytest.mark.nightly
def test_no_key_of_a_writer_is_lost(tmp_path: Path) -> None:
    made = bare(tmp_path / "project", unique_name("writer"))
    with data_images.image("redis") as image:
        made.write("compose.yaml", REDIS.replace("volumes: {data: }\n", WRITER.lstrip("\n")) % (image, "yes", image))
        made.write("compose.override.yaml", "volumes: {data: }\n")
        try:
            made.ok("dev")
            backup = made.ok("backup", "-o", f"{tmp_path}/b.tar", "--json").json["file"]
            # It comes back the moment the server answers: what it writes then is no sign of a wrong file.
            done = made.ok("restore", backup, "--yes", "--json").json
            line = ["docker", "logs", f"{made.name}-writer-1"]
            told = subprocess.run(line, capture_output=True, check=True, encoding="utf-8").stdout.split()
            held = {*keys(made, "KEYS", "w*").split()}
            with tarfile.open(done["before"]["file"]) as archive:
                (member,) = (each for each in archive if each.name.endswith(".rdb"))
                file = archive.extractfile(member)
                assert file
                held |= {each.decode() for each in re.findall(rb"w\d+", file.read())}
            assert told
            assert {*told} <= held
        finally:
            remove_project(made.name)


@pytest.mark.nightly
def test_a_redis_without_a_volume_is_a_cache(tmp_path: Path) -> None:
    made = bare(tmp_path / "project", unique_name("cache"))
    with data_images.image("redis") as image:
        made.write("compose.yaml", REDIS.replace("    volumes: [data:/data]\n", "") % (image, "no"))
        try:
            made.ok("dev")
            done = made.invoke("backup")
            assert done.code == 2
            assert "has no data" in done.err
        finally:
            remove_project(made.name)
