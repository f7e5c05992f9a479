"""`invoke upgrade` beside a writer, killed again and again: no acknowledged row is lost, and somebody serves."""

from __future__ import annotations

import random
import shlex
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, until, write_tasks
from tests.engine.postgres_images import NEW, OLD, repository
from tests.engine.test_versions import COMPOSE, ROWS
from upready.dotenv import creation

pytestmark = [pytest.mark.engine, pytest.mark.nightly]

KILLS = 30


@pytest.fixture
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with repository(tmp_path_factory.mktemp("image")) as name:
        project = Project(tmp_path_factory.mktemp("shop"), unique_name("upgrade"))
        write_tasks(project.root)
        project.write("compose.yaml", COMPOSE.replace("REPOSITORY", name))
        project.write(".env", f"DB_PASSWORD={creation.generate(32)}\n")
        project.ok("dev")
        project.ok("exec", "db", "--", "psql", "-U", "shop", "-qc", ROWS)
        yield project
        remove_project(project.name)


class Writer(threading.Thread):
    """Writes a row after the other, and counts those that were acknowledged."""

    def __init__(self, project: Project) -> None:
        super().__init__(daemon=True)
        self.project, self.acknowledged, self.ending = project, 0, threading.Event()

    def run(self) -> None:
        line = "INSERT INTO orders (name) VALUES ('written') RETURNING 'ok';\n"
        while not self.ending.is_set():
            found = [each for each in self.project.containers() if each.service == "db" and each.state == "running"]
            if not found:
                time.sleep(0.1)
                continue
            words = ["docker", "exec", "-i", found[0].id, "psql", "-U", "shop", "-XAtq"]
            with subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            ) as session:
                assert session.stdin is not None
                assert session.stdout is not None
                while not self.ending.is_set():
                    try:
                        session.stdin.write(line)
                        session.stdin.flush()
                    except OSError:
                        break
                    if session.stdout.readline().strip() != "ok":
                        break
                    self.acknowledged += 1
                session.kill()


def test_a_kill_at_any_moment_leaves_the_data_serving(shop: Project) -> None:
    newer = {"PG": str(NEW)}
    writer = Writer(shop)
    writer.start()
    until(lambda: writer.acknowledged > 10)
    chance = random.Random(17)
    upgraded = False
    for _ in range(KILLS):
        task = shop.begin("upgrade", "db", "--yes", env=newer)
        try:
            task.wait(chance.uniform(0.5, 14))
            upgraded = True
        except subprocess.TimeoutExpired:
            task.kill()
            task.wait()
        for stream in (task.stdout, task.stderr):
            if stream:
                stream.close()
        db = [each for each in shop.containers() if each.service == "db" and each.state == "running"]
        if upgraded or not db:
            break
        # The old one serves on, and writers, too, once what held them has noticed.
        before = writer.acknowledged
        until(lambda before=before: writer.acknowledged > before)
    shop.ok("upgrade", "db", "--yes", env=newer)
    shop.ok("dev", env=newer)
    writer.ending.set()
    writer.join(30)
    query = "SELECT count(*) FROM orders WHERE name = 'written'"
    held = int(shop.ok("exec", "db", "--", "psql", "-U", "shop", "-Atc", query, env=newer).out)
    # One may have been written whose acknowledgement was cut off.
    assert held >= writer.acknowledged > 0
    version = shop.ok("exec", "db", "--", "psql", "-U", "shop", "-Atc", "SHOW server_version_num", env=newer).out
    assert int(version) // 10000 == NEW > OLD


def test_a_database_to_which_nobody_may_connect_is_not_left_behind(shop: Project) -> None:
    """No dump has it: it would be missing in the new version."""
    newer = {"PG": str(NEW)}
    psql = ["exec", "db", "--", "psql", "-U", "shop", "-qAtc"]
    shop.ok(*psql, 'CREATE DATABASE "old one"')
    shop.ok(*psql, 'ALTER DATABASE "old one" ALLOW_CONNECTIONS false')
    refused = shop.invoke("upgrade", "db", "--yes", env=newer)
    assert refused.code == 10
    assert "db has the database old one, to which nobody may connect: the new version would not have it" in refused.err
    assert shop.container("db").state == "running"
    step = refused.err.splitlines()[-1].removeprefix("next: invoke ")
    shop.ok(*shlex.split(step), env=newer)
    done = shop.ok("upgrade", "db", "--yes", "--json", env=newer).json
    assert "old one" in done["rows"]
