"""`invoke restore`: whatever happens, what was there serves on, or is in the backup that the task names."""

from __future__ import annotations

import contextlib
import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, until
from tests.engine.proxy import Proxy
from tests.engine.twins import bare

pytestmark = pytest.mark.engine

STACK = """
services:
  db:
    image: postgres:17-alpine
    environment: {POSTGRES_USER: ann, POSTGRES_PASSWORD: only-for-this-test, POSTGRES_DB: shop}
    volumes: [db-data:/var/lib/postgresql/data]
    healthcheck: {test: [CMD-SHELL, pg_isready -h 127.0.0.1], interval: 1s, start_interval: 250ms, start_period: 60s}
  app:
    image: debian:trixie-slim
    init: true
    command: [sleep, "600"]
    stop_grace_period: 1s
    depends_on: {db: {condition: service_healthy}}
    x-ops: {stable: 0.1}
  files:
    image: debian:trixie-slim
    init: true
    command: [sh, -c, "while :; do echo $$((i += 1)) >>/files/log; sleep 0.1; done"]
    stop_grace_period: 1s
    volumes: [files:/files]
    x-ops: {stable: 0.1}
volumes: {db-data: , files: }
"""

SETUP = """
CREATE ROLE clerk;
CREATE TABLE item (id serial PRIMARY KEY, word text, created_at timestamptz DEFAULT now());
ALTER TABLE item OWNER TO clerk;
INSERT INTO item (word) SELECT md5(i::text) FROM generate_series(1, 20000) AS i;
ALTER DATABASE shop SET search_path TO public, pg_catalog;
REVOKE CONNECT ON DATABASE shop FROM PUBLIC;
"""


FILES = """
mkdir -m 750 -p /files/d; chown 7:8 /files/d; echo kept >/files/d/.a; ln -s a /files/l; echo more >'/files/-x y'
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    root = tmp_path_factory.mktemp("restore")
    made = bare(root, unique_name("restore"), {"OPS_STATE_DIR": str(root / "state")})
    made.write("compose.yaml", STACK)
    made.ok("dev")
    sql(made, SETUP)
    made.ok("exec", "files", "--", "sh", "-c", FILES)
    yield made
    remove_project(made.name)


@pytest.fixture(scope="module")
def backup(project: Project) -> Path:
    return Path(project.ok("backup", "--service", "db", "--json").json["file"])


def psql(project: Project, database: str = "shop") -> list[str]:
    """psql in the database's container, without a task of ours."""
    return [
        "docker",
        "exec",
        "-i",
        f"{project.name}-db-1",
        "psql",
        "-XAtqvON_ERROR_STOP=1",
        "-U",
        "ann",
        "-d",
        database,
    ]


def sql(project: Project, text: str, database: str = "shop") -> str:
    done = subprocess.run(psql(project, database), input=text, capture_output=True, encoding="utf-8", timeout=60)
    assert not done.stderr, done.stderr
    return done.stdout.strip()


def databases(project: Project) -> set[str]:
    return set(sql(project, "SELECT datname FROM pg_database WHERE NOT datistemplate").split())


class Writer:
    """Somebody who adds rows all the time, and remembers each that was acknowledged."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._over = threading.Event()
        self.acknowledged: set[int] = set()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Writer:
        sql(self._project, "SET client_min_messages = error; CREATE TABLE IF NOT EXISTS written (id int)")
        self._thread.start()
        until(lambda: self.acknowledged)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._over.is_set():
            with subprocess.Popen(
                psql(self._project),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
            ) as session:
                assert session.stdin and session.stdout
                while not self._over.is_set():
                    number += 1
                    with contextlib.suppress(BrokenPipeError):
                        session.stdin.write(f"INSERT INTO written VALUES ({number}) RETURNING id;\n")
                        session.stdin.flush()
                    if not (line := session.stdout.readline()):
                        break
                    self.acknowledged.add(int(line))
                with contextlib.suppress(BrokenPipeError):
                    session.stdin.close()


def test_what_was_backed_up_is_there_again(project: Project, backup: Path) -> None:
    sql(project, "DELETE FROM item WHERE id > 10; CREATE TABLE later (x int)")
    started = project.container("app").started
    done = project.ok("restore", backup.name.split(".")[0].removeprefix(f"{project.name}-"), "--yes", "--json").json
    assert sql(project, "SELECT count(*) FROM item") == "20000"
    assert sql(project, "SELECT to_regclass('later') IS NULL") == "t"
    assert sql(project, "SELECT tableowner FROM pg_tables WHERE tablename = 'item'") == "clerk"
    assert sql(project, "SHOW search_path") == "public, pg_catalog"
    assert sql(project, "SELECT has_database_privilege('clerk', 'shop', 'CONNECT')") == "f"
    assert databases(project) == {"postgres", "shop"}
    assert done["before"]["parts"][0]["items"][0]["rows"] == {"item": 10, "later": 0}
    assert project.container("app").started != started
    assert 0 < done["gap"] < 30  # how long is for bench.data


def test_no_row_of_a_writer_is_lost(project: Project, backup: Path) -> None:
    with Writer(project) as writer:
        done = project.ok("restore", str(backup), "--yes", "--json").json
    before = done["before"]["file"]
    project.ok("restore", before, "--into", "looked_at")
    kept = set(map(int, sql(project, "SELECT id FROM written", "looked_at").split()))
    assert writer.acknowledged <= kept
    assert sql(project, "SELECT count(*) FROM item") == "20000"
    sql(project, "DROP DATABASE looked_at", "postgres")
    assert databases(project) == {"postgres", "shop"}


def test_a_broken_file_changes_nothing(project: Project, backup: Path, tmp_path: Path) -> None:
    whole = backup.read_bytes()
    middle = len(whole) // 2
    broken = {
        "empty": b"",
        "cut": whole[:-5000],
        "flipped": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "foreign": b"PGDMP\x01\x0f\x00" + bytes(5000),
    }
    for name, data in broken.items():
        (tmp_path / name).write_bytes(data)
        done = project.invoke("restore", str(tmp_path / name), "--yes")
        assert done.code == 10, (name, done.err)
        assert "is no whole backup" in done.err
    assert sql(project, "SELECT count(*) FROM item") == "20000"
    assert databases(project) == {"postgres", "shop"}


def test_nobody_who_could_say_yes(project: Project, backup: Path) -> None:
    done = project.invoke("restore", str(backup))
    assert done.code == 2
    assert "item: 20,000 rows now, 20,000 rows in the backup" in done.err
    assert done.err.splitlines()[-1] == f"next: invoke restore {backup} --yes"


def killed_at(project: Project, backup: Path, step: str) -> None:
    task = project.begin("restore", str(backup), "--yes")
    assert task.stdout
    assert any(line.strip() == step for line in task.stdout)
    task.kill()
    task.communicate()


@pytest.mark.parametrize(
    "step", [pytest.param("back up what is there", marks=pytest.mark.nightly), "restore beside it"]
)
def test_a_killed_one_leaves_a_database_that_serves(project: Project, backup: Path, step: str) -> None:
    killed_at(project, backup, step)
    assert sql(project, "SELECT count(*) FROM item") == "20000"
    project.ok("restore", str(backup), "--yes")
    assert sql(project, "SELECT count(*) FROM item") == "20000"
    assert databases(project) == {"postgres", "shop"}


@pytest.mark.nightly
def test_what_one_replaced_that_was_killed_is_kept_by_the_next_task(project: Project, backup: Path) -> None:
    sql(project, "CREATE TABLE only_here AS SELECT 7 AS x")
    killed_at(project, backup, "restart app")
    assert sql(project, "SELECT to_regclass('only_here') IS NULL") == "t"
    told = project.invoke("health").err
    assert "a restore was cut off after it had replaced shop of db: what was there before is in " in told
    kept = told.split("what was there before is in ")[1].split()[0]
    assert databases(project) == {"postgres", "shop"}
    project.ok("restore", kept, "--into", "looked_at")
    assert sql(project, "SELECT x FROM only_here", "looked_at") == "7"
    sql(project, "DROP DATABASE looked_at", "postgres")


KILLS = 30


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_no_row_is_lost_whenever_it_is_killed(project: Project, tmp_path: Path) -> None:
    sql(project, "SET client_min_messages = error; CREATE TABLE IF NOT EXISTS written (id int)")
    backup = project.ok("backup", "--service", "db", "-o", f"{tmp_path}/one.tar", "--json").json["file"]
    began = time.monotonic()
    project.ok("restore", backup, "--yes")
    whole = time.monotonic() - began
    chance = random.Random(17)
    with Writer(project) as writer:
        for _ in range(KILLS):
            task = project.begin("restore", backup, "--yes")
            with contextlib.suppress(subprocess.TimeoutExpired):
                task.wait(chance.uniform(0.2, 1.1 * whole))
            task.kill()
            task.communicate()
            # What psql was told to rename just then goes on in the container, and ends who is connected.
            until(lambda: serves(project))
        project.ok("restore", backup, "--yes")
    kept = set(sql(project, "SELECT id FROM written").split())
    for number, each in enumerate(project.ok("backup", "--list", "--json").json["backups"]):
        if each["parts"][0]["service"] == "db" and "written" in each["parts"][0]["items"][0]["rows"]:
            project.ok("restore", each["file"], "--service", "db", "--into", f"looked_{number}")
            kept |= set(sql(project, "SELECT id FROM written", f"looked_{number}").split())
            sql(project, f"DROP DATABASE looked_{number}", "postgres")
    assert {str(each) for each in writer.acknowledged} <= kept
    assert databases(project) == {"postgres", "shop"}


def serves(project: Project) -> bool:
    line = [*psql(project), "-c", "SELECT count(*) FROM item"]
    return subprocess.run(line, capture_output=True, encoding="utf-8").stdout.strip() == "20000"


@pytest.mark.nightly
def test_an_engine_elsewhere(project: Project, tmp_path: Path, free_port: Callable[[], int]) -> None:
    """The file is on this machine, the data are there."""
    line = Proxy(free_port())
    line.start()
    try:
        far = {"DOCKER_CONFIG": str(tmp_path / "docker")}
        context = ["docker", "context", "create", "far", "--docker", f"host={line.url}"]
        subprocess.run(context, env=project.variables(far), check=True, capture_output=True)
        made = project.ok("backup", "--host", "far", "--service", "db", "--json", env=far).json
        assert made["engine"]["context"] == "far"
        sql(project, "DELETE FROM item")
        project.ok("restore", made["file"], "--yes", "--host", "far", env=far)
        assert sql(project, "SELECT count(*) FROM item") == "20000"
    finally:
        line.cut()


def files(project: Project, script: str) -> str:
    line = ["docker", "exec", f"{project.name}-files-1", "sh", "-c", f"cd /files; {script}"]
    return subprocess.run(line, capture_output=True, check=True, encoding="utf-8").stdout.strip()


LOOK = "find . ! -name log ! -name . -exec stat -c '%n %a %u:%g' {} + | sort; cat d/.a; readlink l"


@pytest.mark.nightly
def test_a_volumes_files_are_there_again(project: Project) -> None:
    before = files(project, LOOK)
    backup = project.ok("backup", "--service", "files", "--json").json["file"]
    files(project, "rm -r d l; echo new >n; mkdir .hidden")
    done = project.ok("restore", backup, "--yes", "--json").json
    assert files(project, LOOK) == before
    assert done["restarted"]["status"] == "healthy"
    assert 0 < done["gap"] < 60
    # What the service wrote until it was stopped is in the backup of what was there.
    project.ok("restore", done["before"]["file"], "--yes")
    assert files(project, "cat n; ls -d .hidden") == "new\n.hidden"
    numbers = [int(each) for each in files(project, "cat log").split()]
    assert numbers.count(1) >= 2


def test_a_volume_beside(project: Project) -> None:
    files(project, "mkdir -p d; echo kept >d/.a")
    backup = project.ok("backup", "--service", "files", "--json").json["file"]
    name = f"{project.name}_beside"
    project.ok("restore", backup, "--into", name)
    line = ["docker", "run", "--rm", "-v", f"{name}:/v", "debian:trixie-slim", "cat", "/v/d/.a"]
    assert subprocess.run(line, capture_output=True, check=True).stdout == b"kept\n"


@pytest.mark.nightly
def test_what_is_encrypted_is_restored_with_its_key(project: Project, tmp_path: Path) -> None:
    pyrage = pytest.importorskip("pyrage", reason="uv sync --group age")
    key = pyrage.x25519.Identity.generate()
    (tmp_path / "key.txt").write_text(f"{key}\n", encoding="utf-8")
    recipient = {"BACKUP_RECIPIENT": str(key.to_public())}
    backup = tmp_path / "shop.backup.tar"
    project.ok("backup", "-o", str(backup), "--service", "db", env=recipient)
    assert b"PGDMP" not in backup.read_bytes()
    done = project.invoke("restore", str(backup), "--into", "decrypted")
    assert done.code == 2
    assert "--identity key.txt" in done.err.splitlines()[-1]
    project.ok("restore", str(backup), "--into", "decrypted", "--identity", str(tmp_path / "key.txt"))
    assert sql(project, "SELECT count(*) FROM item", "decrypted") == "20000"
    sql(project, "DROP DATABASE decrypted", "postgres")


@pytest.mark.nightly
def test_a_database_that_does_not_fit_beside_is_refused(tmp_path: Path) -> None:
    project = bare(tmp_path, unique_name("small"), {"OPS_STATE_DIR": str(tmp_path / "state")})
    disk = "{driver_opts: {type: tmpfs, device: tmpfs, o: size=130m}}"
    project.write("compose.yaml", STACK.replace("db-data: ,", f"db-data: {disk},"))
    try:
        project.ok("dev")
        sql(project, "CREATE TABLE item AS SELECT i, repeat(md5(i::text), 30) FROM generate_series(1, 25000) AS i")
        backup = project.ok("backup", "--service", "db", "--json").json["file"]
        done = project.invoke("restore", backup, "--yes")
        assert done.code == 10
        assert "there is no room beside the data of db" in done.err
        assert sql(project, "SELECT count(*) FROM item") == "25000"
    finally:
        remove_project(project.name)
