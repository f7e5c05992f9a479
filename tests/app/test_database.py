"""The pool across restarts of the database, and migrations by many processes at once."""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from app import database
from app.database import MIGRATION_LOCK, Database
from app.diagram import Content
from app.settings import Settings
from app.store import Store
from tests.app.servers import Postgres, uvicorn_process, wait_until

Serve = Callable[..., httpx.Client]
Make = Callable[..., Settings]
PATH = "/api/v1/diagrams"


def test_the_request_after_a_restart_works(serve: Serve, postgres: Postgres) -> None:
    client = serve(**postgres.environment)
    with ThreadPoolExecutor(8) as pool:  # fill the pool
        assert {r.status_code for r in pool.map(lambda _: client.get(PATH), range(16))} == {200}
    postgres.stop()
    begun = time.perf_counter()
    assert client.get(PATH).status_code == 503
    assert time.perf_counter() - begun < 30
    postgres.start()
    with ThreadPoolExecutor(8) as pool:
        assert {r.status_code for r in pool.map(lambda _: client.get(PATH), range(16))} == {200}


def test_connections_that_are_cut_are_replaced(serve: Serve, postgres: Postgres) -> None:
    client = serve(**postgres.environment)
    assert client.get(PATH).status_code == 200
    with postgres.connect() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ba-copilot-ai'"
        )
    assert client.get(PATH).status_code == 200


@pytest.mark.parametrize("act", ["delete", "restore", "rename", "add"])
def test_what_was_kept_though_the_connection_broke_then_is_answered_as_done(
    postgres: Postgres, settings: Make, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    async def play() -> None:
        opened = Database(settings(**postgres.environment))
        store, whole = Store(opened), opened._transaction

        async def breaks(work: Any) -> None:
            """The database keeps the work, and its answer to that is lost."""
            await whole(work)
            monkeypatch.setattr(opened, "_transaction", whole)
            raise OperationalError("COMMIT", None, psycopg.OperationalError("gone"), connection_invalidated=True)

        try:
            code = Content("pie", True, "pie", [], later=False)
            made = await store.add(code)
            if act == "restore":
                assert await store.delete(made.id)
            monkeypatch.setattr(opened, "_transaction", breaks)
            if act == "delete":
                assert await store.delete(made.id)
                assert not await store.delete(made.id)
            elif act == "restore":
                assert await store.restore(made.id)
            elif act == "rename":
                assert (await store.rename(made.id, "New") or made).title == "New"
            else:
                assert await store.add(code) != made
            assert len(await store.list(9)) == {"delete": 0, "add": 2}.get(act, 1)
        finally:
            await opened.close()

    asyncio.run(play())


def test_starts_before_its_database_and_migrates_when_it_comes(serve: Serve, postgres: Postgres) -> None:
    postgres.stop()
    client = serve(**postgres.environment)
    assert client.get("/health").status_code == 503
    postgres.start()
    wait_until(lambda: client.get("/health").status_code == 200, 5)
    assert client.get(PATH).json() == {"items": [], "next": None}


@pytest.mark.nightly
def test_four_workers_start_on_an_empty_database_and_one_migrates(postgres: Postgres) -> None:
    with uvicorn_process("--workers=4", environment=postgres.environment) as (process, url):

        def healthy() -> bool:
            try:
                return httpx.get(url + "/health").status_code == 200
            except httpx.TransportError:
                return False

        def connected() -> int:
            with postgres.connect() as connection:
                query = "SELECT count(DISTINCT pid) FROM pg_stat_activity WHERE application_name = 'ba-copilot-ai'"
                return int(connection.execute(query).fetchone()[0])  # type: ignore[index]

        wait_until(healthy)
        wait_until(lambda: connected() >= 4)
        process.terminate()
        output = process.communicate(timeout=30)[0]
    assert output.count("migrating the database") == 1
    assert "already exists" not in output  # as when two migrate at once
    with postgres.connect() as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM diagrams").fetchone() == (0,)


def test_migrations_make_what_the_code_expects(postgres: Postgres, settings: Make) -> None:
    """The table that the migrations make is the one that the store describes."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlalchemy.ext.asyncio import AsyncConnection

    from app.tables import metadata

    async def differences() -> list[object]:
        migrated = Database(settings(**postgres.environment))

        async def compare(connection: AsyncConnection) -> list[object]:
            return await connection.run_sync(lambda c: compare_metadata(MigrationContext.configure(c), metadata))

        try:
            return await migrated.run(compare)
        finally:
            await migrated.close()

    assert asyncio.run(differences()) == []


def test_an_older_release_works_with_a_newer_schema(serve: Serve, postgres: Postgres) -> None:
    assert serve(**postgres.environment).get(PATH).status_code == 200
    with postgres.connect() as connection:
        connection.execute("ALTER TABLE diagrams ADD COLUMN colour text")
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert serve(**postgres.environment).get(PATH).status_code == 200
    with postgres.connect() as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)


def test_a_migration_that_fails_leaves_nothing_and_is_told(serve: Serve, postgres: Postgres) -> None:
    with postgres.connect() as connection:
        connection.execute("CREATE TABLE diagrams (id int)")
    answer = serve(**postgres.environment, debug="true").get("/health")
    assert answer.status_code == 503
    assert "already exists" in answer.json()["checks"]["database"]["error"]
    with postgres.connect() as connection:
        assert connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,)


def test_a_migration_goes_on_when_those_who_wait_for_it_give_up(serve: Serve, postgres: Postgres) -> None:
    postgres.stop()
    client = serve(**postgres.environment)  # starts without: the first to migrate will be a later health check
    postgres.start()
    with postgres.connect() as other:
        other.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"

        def gives_up() -> bool:
            begun = time.perf_counter()
            assert client.get("/health").status_code == 503
            assert time.perf_counter() - begun < 30
            return other.execute(waiting).fetchone() == (1,)

        wait_until(gives_up)
    wait_until(lambda: client.get("/health").status_code == 200)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP there")
def test_a_database_that_freezes_is_given_up_and_found_again(
    serve: Serve, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "QUERY_TIMEOUT", 1.5)
    client = serve(**postgres.environment)
    with ThreadPoolExecutor(20) as pool:  # twice as many as there are connections in the pool

        def ask() -> set[int]:
            return {answer.status_code for answer in pool.map(lambda _: client.get(PATH), range(20))}

        assert ask() == {200}
        with postgres.frozen():
            begun = time.perf_counter()
            assert ask() == {503}
            assert time.perf_counter() - begun < 20  # one after the other: 30 s
        assert ask() == {200}


@pytest.mark.slow
def test_a_database_that_says_nothing_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "CONNECT_TIMEOUT", 3)
    monkeypatch.setattr(database, "QUERY_TIMEOUT", 3.0)
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor(10) as pool:
        client = serve(postgres_host="127.0.0.1", postgres_port=str(silent.getsockname()[1]))
        begun = time.perf_counter()
        assert {answer.status_code for answer in pool.map(lambda _: client.get(PATH), range(10))} == {503}
        assert time.perf_counter() - begun < 20  # one after the other: 30 s
