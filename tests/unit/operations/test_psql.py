"""`invoke psql` and `invoke shell`: which service, and what is run there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from upready.data import kinds
from upready.operations import execute, psql
from upready.stack.settings import Environment, Settings
from upready.support.errors import UsageError


class Container:
    def __init__(self, service: str, image: str = "", variables: Sequence[str] = (), state: str = "running") -> None:
        self.service, self.image, self.state, self.replica = service, image, state, 1
        self.name = f"shop-{service}-1"
        self.files: list[str] = []
        self.started, self.created, self.profiles, self.environment = None, None, (), ""
        self.raw: dict[str, Any] = {"Config": {"Env": list(variables)}}


class Engine:
    name = "docker"

    def __init__(self, *containers: Container) -> None:
        self.found = list(containers)
        self.ran: list[tuple[str, list[str]]] = []
        self.code = 5

    def containers(self, project: str) -> list[Container]:
        return self.found

    def execute(self, project: str, container: Container, words: Sequence[str], stack: Any) -> int:
        self.ran.append((container.service, list(words)))
        return self.code


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path, {"dev": Environment("dev", ("compose.yaml",))})


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        (Container("db", "postgres:17-alpine"), True),
        (Container("db", "registry.example:5000/team/postgis/postgis:16"), True),
        (Container("db", "pgvector/pgvector:pg17"), True),
        (Container("db", "sha256:1234", ["PATH=/bin", "PGDATA=/data"]), True),
        # One that only uses the database.
        (Container("api", "shop-api:dev", ["POSTGRES_USER=a", "POSTGRES_DB=b"]), False),
        (Container("api", "postgres.example.com/api:1"), False),
        (Container("cache", "redis:8"), False),
    ],
)
def test_what_is_postgresql(container: Any, expected: bool) -> None:
    assert kinds.is_postgres(container) is expected


def test_psql_finds_the_database(settings: Settings) -> None:
    engine: Any = Engine(
        Container("api", "api"), Container("db", "postgres:17"), Container("old", "postgres:9", (), "exited")
    )
    assert psql.find(settings, engine, "", None, ["-c", "select 1"]).run() == 5
    ((service, words),) = engine.ran
    assert service == "db"
    assert words[:2] == ["sh", "-c"]
    assert words[3:] == ["psql", "-c", "select 1"]


def test_without_an_engine_psql_is_called_by_itself(settings: Settings) -> None:
    """What runs there has no image, and perhaps no sh: the compose file tells, and the variables are psql's own."""
    (settings.root / "compose.yaml").write_text(
        "services: {api: {image: api}, store: {image: 'postgres:17'}}\n", encoding="utf-8"
    )
    engine: Any = Engine(Container("api"), Container("store"))
    engine.name = "native"
    assert psql.find(settings, engine, "", None, ["-c", "select 1"]).run() == 5
    assert engine.ran == [("store", ["psql", "-c", "select 1"])]


def test_several_databases_are_named(settings: Settings) -> None:
    engine: Any = Engine(Container("orders", "postgres:17"), Container("users", "postgres:17"))
    with pytest.raises(UsageError, match="psql needs the name of a service: 2 run") as caught:
        psql.find(settings, engine, "", None, [])
    assert caught.value.details == ["running: orders, users"]
    assert caught.value.next == "invoke psql orders"
    assert psql.find(settings, engine, "users", None, []).run() == 5


@pytest.mark.parametrize(
    ("others", "step"), [([Container("db", "postgres:17")], "invoke psql db"), ([], "invoke shell api")]
)
def test_a_service_without_psql_is_told(settings: Settings, others: list[Container], step: str) -> None:
    engine: Any = Engine(Container("api", "api"), *others)
    call = psql.find(settings, engine, "api", None, [])
    assert psql.run(call) == 5
    engine.code = 127  # of a shell that does not find it
    with pytest.raises(UsageError, match="api has no psql") as caught:
        psql.run(call)
    assert caught.value.next == step


def test_no_database(settings: Settings) -> None:
    engine: Any = Engine(Container("api", "api"))
    with pytest.raises(UsageError, match="no PostgreSQL runs here") as caught:
        psql.find(settings, engine, "", None, [])
    assert caught.value.next == "invoke dev"


def test_a_shell_in_the_only_service(settings: Settings) -> None:
    engine: Any = Engine(Container("api"), Container("job", state="exited"))
    assert execute.shell(settings, engine, "", None).run() == 5
    assert engine.ran == [("api", [])]


def test_a_shell_needs_a_name_where_several_run(settings: Settings) -> None:
    engine: Any = Engine(Container("api"), Container("db"))
    with pytest.raises(UsageError, match="shell needs the name of a service") as caught:
        execute.shell(settings, engine, "", None)
    assert caught.value.next == "invoke shell api"
