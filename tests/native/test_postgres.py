"""PostgreSQL without a container: the real programs, in a folder and on a port of their own."""

from __future__ import annotations

import contextlib
import shutil
import socket
import sys
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from tests.native.conftest import processes, until
from upready.runtime.native import check, env_mark, executables, paths, postgres, service, user
from upready.runtime.native.launch_plan import Plan
from upready.support import platform

PASSWORD = "p@ss/w:rd %41 'q\"uoted\\"


class Database:
    """A PostgreSQL service in a project's folder."""

    def __init__(self, root: Path, port: int) -> None:
        self.root, self.port = root, port
        self.data = paths.of(root, "db") / paths.DATA
        self.options: tuple[str, ...] = ()
        self.variables = {"POSTGRES_USER": "app", "POSTGRES_PASSWORD": PASSWORD, "POSTGRES_DB": 'a "db"'}

    @property
    def plan(self) -> Plan:
        return Plan(
            service="db",
            command=(
                *(
                    sys.executable,
                    "-m",
                    "upready.runtime.native.postgres",
                    "--data",
                    str(self.data),
                    "--port",
                    str(self.port),
                ),
                *self.options,
            ),
            directory=str(executables.LIBRARY),
            environment={**platform.machine_environment(), **self.variables},
            stop_signal="SIGINT",
            ports=(("127.0.0.1", self.port, "tcp", 5432),),
        )

    @property
    def url(self) -> str:
        return f"postgresql://127.0.0.1:{self.port}"

    def begin(self) -> None:
        assert service.start(self.root, self.plan, threading.Event()) is not None

    def start(self) -> None:
        self.begin()
        until(lambda: check.problem(self.url) == "" or self.failed())

    def failed(self) -> bool:
        found = service.look(self.root, "db")
        assert service.runs(found), self.said()
        return False

    def refused(self) -> str:
        """Start it, and return why it ended."""
        self.begin()
        found = until(lambda: (it := service.look(self.root, "db")) and not service.runs(it) and it)
        assert found.exit_code == 1
        return self.said()

    def said(self) -> str:
        return "\n".join(service.last_lines(self.root, "db", 50))

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="app", password=PASSWORD, dbname='a "db"', autocommit=True
        )


@pytest.fixture
def fresh(root: Path, free_port: Callable[[], int]) -> Iterator[Database]:
    """One that has never been started."""
    made = Database(root, free_port())
    yield made
    service.stop(root, "db")


@pytest.fixture(scope="module")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as its first start leaves it, so that not every test must wait for that."""
    made = Database(tmp_path_factory.mktemp("initialised"), 1)
    postgres.prepare(made.data, user.of(made.data), executables.postgres(), made.variables)
    return made.data


@pytest.fixture
def database(fresh: Database, initialised: Path) -> Database:
    """One that has been initialised."""
    shutil.copytree(initialised, fresh.data)
    return fresh


def test_what_is_written_is_there_after_a_restart(fresh: Database) -> None:
    database = fresh
    database.start()
    with database.connect() as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('grün')")
        # A client that stays does not keep it from stopping, nor does a query.
        ended = service.stop(database.root, "db")
    assert ended is not None
    assert ended.told == 0
    database.start()
    with database.connect() as connection:
        assert connection.execute("SELECT word FROM kept").fetchall() == [("grün",)]


def test_the_password_is_asked_for_and_stands_in_no_file(fresh: Database) -> None:
    database = fresh
    database.start()
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host="127.0.0.1", port=database.port, user="app", password="wrong", dbname="postgres")
    for file in paths.native(database.root).rglob("*"):
        assert not file.is_file() or PASSWORD.encode() not in file.read_bytes(), file
    assert PASSWORD not in str([each.cmdline() for each in processes(database.root)])


def test_a_killed_server_leaves_nothing_that_keeps_it_from_starting_again(database: Database) -> None:
    database.start()
    with database.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1")
        server = int((database.data / "postmaster.pid").read_text("utf-8").split()[0])
        psutil.Process(server).kill()
        until(lambda: not service.runs(service.look(database.root, "db")))
    assert (database.data / "postmaster.pid").exists()
    database.start()
    with database.connect() as connection:
        assert connection.execute("SELECT * FROM kept").fetchall() == [(1,)]


def test_a_query_that_outlives_its_killed_server_is_ended(database: Database) -> None:
    database.start()
    with database.connect() as connection:
        busy = threading.Thread(target=_run_busy, args=(connection,))
        busy.start()
        backend = until(lambda: _busy_backend(database))
        psutil.Process(int((database.data / "postmaster.pid").read_text("utf-8").split()[0])).kill()
        until(lambda: not service.runs(service.look(database.root, "db")))
        database.start()
        with contextlib.suppress(psutil.NoSuchProcess):
            assert not env_mark.lives(psutil.Process(backend))
        busy.join(90)


def _run_busy(connection: psycopg.Connection[Any]) -> None:
    """A query that never looks up, so that it does not notice the end of its server."""
    with pytest.raises(psycopg.Error):
        connection.execute("SET statement_timeout = '30s'")  # nobody but a broken `stop` would wait for it
        connection.execute("DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$")


def _busy_backend(database: Database) -> int | None:
    for each in psutil.process_iter(["name", "cmdline"]):
        if 'a "db"' in " ".join(each.info["cmdline"] or []) and " DO" in " ".join(each.info["cmdline"]):
            return int(each.pid)
    return None


@pytest.mark.parametrize("content", ["999999\n", "1\n", "", "words\n"], ids=["gone", "somebody else", "empty", "words"])
def test_a_lock_file_of_somebody_else_is_removed(database: Database, content: str) -> None:
    lock = database.data / "postmaster.pid"
    lock.write_text(content, encoding="utf-8")
    postgres._remove_stale_lock(database.data)
    assert not lock.exists()


def test_the_lock_file_of_a_server_is_kept_while_that_runs_in_this_very_folder(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, elsewhere = database.data / "postmaster.pid", database.root
    running = types.SimpleNamespace(name=lambda: "postgres", is_running=lambda: True, status=lambda: "running")
    monkeypatch.setattr(psutil, "Process", lambda _: running)

    def hidden() -> str:
        raise psutil.AccessDenied

    # The numbers of two servers of this machine may be the same, one after the other.
    for cwd, kept in ((lambda: str(database.data), True), (hidden, True), (lambda: str(elsewhere), False)):
        running.cwd = cwd
        lock.write_text("4711\n", encoding="utf-8")
        postgres._remove_stale_lock(database.data)
        assert lock.exists() is kept


def test_data_of_another_major_version_is_told_and_not_touched(database: Database) -> None:
    (database.data / "PG_VERSION").write_text("15\n", encoding="utf-8")
    before = {each: each.stat().st_mtime_ns for each in database.data.rglob("*")}
    said = database.refused()
    assert "was made by version 15, and this is 18; it was not touched" in said
    assert {each: each.stat().st_mtime_ns for each in database.data.rglob("*")} == before


def test_a_folder_of_something_else_is_told_and_not_touched(fresh: Database) -> None:
    database = fresh
    database.data.mkdir(parents=True)
    (database.data / "thesis.txt").write_text("all my work", encoding="utf-8")
    assert "holds something, but no database; it was not touched" in database.refused()
    assert (database.data / "thesis.txt").read_text("utf-8") == "all my work"


def test_sql_is_run_before_the_start_when_it_is_new(database: Database) -> None:
    database.options = ("--setup", "SQL")
    ran = []
    for sql in (
        "CREATE TABLE first ();\n\n\nCREATE TABLE second ();",
        "CREATE TABLE third ()",
        "CREATE TABLE third ()",
    ):
        database.variables["SQL"] = sql
        database.start()
        with database.connect() as connection:
            ran.append(connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone())
        service.stop(database.root, "db")
    assert ran == [(2,), (3,), (3,)]  # the last one would have failed
    database.variables["SQL"] = "SELECT 'canary-of-a-password' FROM nowhere"
    said = database.refused()
    assert 'relation "nowhere" does not exist' in said
    assert "canary" not in said


@pytest.mark.parametrize("missing", ["POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"])
def test_a_missing_variable_is_told_by_its_name(fresh: Database, missing: str) -> None:
    database = fresh
    database.variables[missing] = ""
    assert f"{missing} must be set" in database.refused()
    assert not database.data.exists()


def test_a_start_that_was_cut_begins_again(fresh: Database) -> None:
    database = fresh
    database.begin()
    half = database.data.with_name("data.tmp")
    until(lambda: half.exists() or database.data.exists())
    service.stop(database.root, "db", grace=0)
    if database.data.exists():  # it was too fast to be cut: as it would have been left
        database.data.rename(half)
        (half / "PG_VERSION").unlink()
    database.start()
    assert not half.exists()
    assert sorted(each.name for each in paths.of(database.root, "db").iterdir()) == [
        "data",
        "log",
        "log.1",
        "state.json",
    ]


def test_a_server_that_still_recovers_is_not_healthy(free_port: Callable[[], int]) -> None:
    """The port is open by then: what counts is what is said there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def answer(content: bytes) -> None:
            connection, _ = server.accept()
            connection.recv(100)
            connection.sendall(content)
            connection.close()

        for content, problem in (
            (
                b"E\0\0\0\x40SFATAL\0C57P03\0Mthe database system is starting up\0\0",
                "the database system is starting up",
            ),
            (b"HTTP/1.1 400 Bad Request\r\n", "something else than PostgreSQL answers"),
            (b"", "something else than PostgreSQL answers"),
        ):
            thread = threading.Thread(target=answer, args=(content,))
            thread.start()
            assert check.problem(f"postgresql://127.0.0.1:{port}") == problem
            thread.join()
    assert check.problem(f"postgresql://127.0.0.1:{free_port()}") == "connection refused"
