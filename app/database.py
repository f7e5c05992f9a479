"""PostgreSQL: a pool of connections that survives a restart of the database, and the migration of its schema."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from app import telemetry
from app.errors import DatabaseUnavailableError
from app.settings import Settings

logger = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).with_name("migrations")
MIGRATION_LOCK = (
    0x62615F636F70  # for pg_advisory_xact_lock: "ba_cop"; the same for all processes that migrate this database
)
CONNECT_TIMEOUT = 3  # seconds
QUERY_TIMEOUT = 5.0  # seconds for all of: the wait for a connection, one unit of work, and its repetition
# For a host that disappears without closing: the kernel then ends the connection, and its place in the pool is free.
DEAD_PEER = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 2, "tcp_user_timeout": 5000}
MIGRATION_TIMEOUT = 600.0  # seconds, including the wait for the migration of another worker

T = TypeVar("T")


def database_url(settings: Settings) -> URL:
    """The URL of the configured database, for the driver psycopg."""
    if settings.database_url is not None:
        return make_url(settings.database_url.get_secret_value()).set(drivername="postgresql+psycopg")
    return URL.create(
        "postgresql+psycopg",
        settings.postgres_user,
        settings.postgres_password.get_secret_value(),
        settings.postgres_host,
        settings.postgres_port,
        settings.postgres_db,
    )


class Database:
    """The configured database. It connects at the first use.

    Each process migrates the schema before its first other use of the database. The first process does the work; the
    others wait for the advisory lock, and then find nothing to do.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine = create_async_engine(
            database_url(settings),
            hide_parameters=True,  # the texts of users do not get into logs and errors
            pool_pre_ping=True,  # a connection that the database closed is replaced before it is used
            pool_size=5,
            max_overflow=5,
            pool_timeout=QUERY_TIMEOUT,
            connect_args={
                "connect_timeout": CONNECT_TIMEOUT,
                "prepare_threshold": None,  # works behind a pooler too
                "application_name": "ba-copilot-ai",
                **DEAD_PEER,
            },
        )
        self._migrated = False
        self._migration: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    async def run(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Do a unit of work in a transaction, and once more if the database closed the connection during it.

        So `work` must be idempotent.

        Raises:
            DatabaseUnavailableError: The work could not be done.
        """
        with telemetry.span("transaction") as span:
            span.attributes = {"db.system.name": "postgresql"}
            return await self._run(work)

    async def _run(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        deadline = asyncio.get_running_loop().time() + QUERY_TIMEOUT  # for everything below together
        await self._migrate()
        try:
            try:
                return await self._once(work, deadline)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                return await self._once(work, deadline)
        except TimeoutError:
            raise DatabaseUnavailableError(f"no answer within {QUERY_TIMEOUT:g} s") from None
        except (SQLAlchemyError, OSError) as error:
            raise DatabaseUnavailableError(self._reason(error)) from None

    async def ping(self) -> None:
        """Run a query.

        Raises:
            DatabaseUnavailableError: The database cannot be reached or refuses.
        """

        async def select(connection: AsyncConnection) -> None:
            await connection.execute(text("SELECT 1"))

        await self.run(select)

    async def close(self) -> None:
        """Close every connection."""
        for task in self._tasks:
            task.cancel()
        await self._engine.dispose()

    async def _once(self, work: Callable[[AsyncConnection], Awaitable[T]], deadline: float) -> T:
        """Do the work in its own task, and stop waiting at the deadline. To cancel it would wait for the database."""
        task = self._spawn(self._transaction(work))
        try:
            done, _ = await asyncio.wait({task}, timeout=deadline - asyncio.get_running_loop().time())
        finally:
            task.cancel()
        if not done:
            raise TimeoutError
        return task.result()

    async def _transaction(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async with self._engine.begin() as connection:
            return await work(connection)

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a task that nobody has to wait for. It is kept until it ends, and its error may stay unread."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda task: task.cancelled() or task.exception())
        return task

    async def _migrate(self) -> None:
        """Wait for the migration. All callers share one attempt, which goes on if one of them stops waiting."""
        if self._migrated:
            return
        if self._migration is None or self._migration.done():
            self._migration = self._spawn(self._upgrade())
        try:
            async with asyncio.timeout(QUERY_TIMEOUT):
                await asyncio.shield(self._migration)
        except TimeoutError:
            raise DatabaseUnavailableError("its schema is still being migrated") from None

    async def _upgrade(self) -> None:
        try:
            async with asyncio.timeout(MIGRATION_TIMEOUT), self._engine.begin() as connection:
                await connection.run_sync(upgrade)
        except TimeoutError:
            raise DatabaseUnavailableError(f"its migration did not end within {MIGRATION_TIMEOUT:g} s") from None
        except (SQLAlchemyError, OSError) as error:
            raise DatabaseUnavailableError(self._reason(error)) from None
        self._migrated = True

    def _reason(self, error: BaseException) -> str:
        """The message of the driver on one line, without SQL and without secrets."""
        original = error.orig if isinstance(error, DBAPIError) and error.orig else error
        return self._settings.mask(" ".join(str(original).split()))


def upgrade(connection: Connection) -> None:
    """Migrate the schema within the transaction of the connection, which also holds the lock.

    A schema that is newer than this code (after a rollback to an older release) stays as it is. Migrations only add to
    the schema, so older code works with a newer one.
    """
    known = sorted(path.stem.partition("_")[0] for path in MIGRATIONS.glob("versions/*.py"))
    if _revision(connection) == known[-1]:
        return
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    current = _revision(connection)
    if current == known[-1]:
        return
    if current is not None and current not in known:
        logger.warning("the database's schema %s is newer than this release's, %s", current, known[-1])
        return
    # Imported only if there is something to migrate, not at every start of every worker.
    from alembic import command
    from alembic.config import Config

    logger.info("migrating the database from %s to %s", current, known[-1])
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    """The revision of the schema; None if the database was never migrated."""
    # Not to_regclass: it would still answer that there is no such table after another worker has made it.
    table = "SELECT 1 FROM pg_tables WHERE tablename = 'alembic_version' AND schemaname = ANY (current_schemas(false))"
    if connection.scalar(text(table)) is None:
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision
