"""A service with SQLite in its volume: backed up, proven and restored while it writes, its rows counted."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, until
from tests.engine.twins import bare

pytestmark = pytest.mark.engine

STACK = """
services:
  app:
    image: python:3.13-slim
    init: true
    command: [python, -u, -c, "exec(open('/app.py').read())"]
    stop_grace_period: 1s
    volumes: [data:/data, "./app.py:/app.py:ro"]
    x-ops: {data: sqlite, stable: 0.1}
volumes: {data: }
"""

APP = """
import sqlite3, time
opened = sqlite3.connect("/data/app.db", isolation_level=None, timeout=30)
opened.execute("PRAGMA journal_mode = wal")
opened.execute("PRAGMA wal_autocheckpoint = 50")
opened.execute("CREATE TABLE IF NOT EXISTS item (id INTEGER PRIMARY KEY, created_at TEXT)")
opened.executemany("INSERT INTO item (created_at) VALUES (?)", [("2026-11-27 10:00:00",)] * 5000)
while True:
    opened.execute("INSERT INTO item (created_at) VALUES (datetime())")
    print(opened.execute("SELECT max(id) FROM item").fetchone()[0])
    time.sleep(0.005)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    root = tmp_path_factory.mktemp("sqlite")
    made = bare(root, unique_name("sqlite"), {"OPS_STATE_DIR": str(root / "state")})
    made.write("compose.yaml", STACK)
    made.write("app.py", APP)
    made.ok("dev")
    yield made
    remove_project(made.name)


def acknowledged(project: Project) -> int:
    """The last row that the service has been told is kept."""
    line = ["docker", "logs", "--tail", "1", project.container("app").id]
    return int(subprocess.run(line, capture_output=True, check=True, encoding="utf-8").stdout or 0)


def rows(project: Project) -> int:
    opened = "import sqlite3; opened = sqlite3.connect('/data/app.db', timeout=30)"
    asked = f"{opened}; print(*next(opened.execute('SELECT count(*) FROM item')))"
    return int(project.ok("exec", "app", "--", "python", "-c", asked).out)


@pytest.mark.nightly
def test_each_row_that_was_acknowledged_comes_back(project: Project, tmp_path: Path) -> None:
    until(lambda: acknowledged(project) > 5100)
    before = acknowledged(project)
    made = project.ok("backup", "-o", f"{tmp_path}/", "--json").json
    (part,) = made["parts"]
    (item,) = part["items"]
    held = item["rows"]["app.db item"]
    assert (part["kind"], held >= before) == ("sqlite", True)
    assert f"app.db item: {held:,}" in project.ok("backup", "--prove", "-o", f"{tmp_path}/").out
    shown = project.invoke("restore", made["file"])
    assert (shown.code, f"{held:,} rows in the backup" in shown.err) == (2, True)
    last = acknowledged(project)
    done = project.ok("restore", made["file"], "--yes", "--json").json
    assert held <= rows(project)
    # What came until it was stopped is in the backup of what was there.
    replaced = done["before"]["parts"][0]["items"][0]["rows"]["app.db item"]
    assert held < last <= replaced


@pytest.mark.nightly
def test_one_that_is_broken_is_told_and_can_be_replaced(project: Project, tmp_path: Path) -> None:
    backup = project.ok("backup", "-o", f"{tmp_path}/whole.tar", "--json").json
    project.ok("stop")
    harm = "cd /data; rm -f app.db-*; truncate -s $(($(stat -c %s app.db) / 2)) app.db"
    line = ["docker", "run", "--rm", "-v", f"{project.name}_data:/data", "python:3.13-slim", "sh", "-c", harm]
    subprocess.run(line, check=True)
    project.write("app.py", "import time; time.sleep(600)")
    project.ok("dev")
    refused = project.invoke("backup", "-o", f"{tmp_path}/broken.tar")
    assert refused.code == 10
    assert "app.db is no whole SQLite database" in refused.err
    assert not (tmp_path / "broken.tar").exists()
    project.ok("restore", backup["file"], "--yes")
    assert rows(project) == backup["parts"][0]["items"][0]["rows"]["app.db item"]
