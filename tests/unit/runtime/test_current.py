"""Which project this is, and with which environment it was started."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from upready.operations import execute, stop
from upready.runtime import current, last_used
from upready.stack.settings import Environment, Settings
from upready.support.errors import EnvFileError, UsageError

BOTH = {
    "dev": Environment("dev", ("c/base.yaml", "c/dev.yaml")),
    "prod": Environment("prod", ("c/base.yaml", "c/prod.yaml")),
}


def container(
    service: str = "web",
    replica: int = 1,
    state: str = "running",
    files: tuple[str, ...] = (),
    exit_code: int | None = None,
    created: datetime | None = None,
) -> Any:
    """What the engine says of a container, as far as it is asked here."""
    return SimpleNamespace(
        name=f"shop-{service}-{replica}",
        service=service,
        replica=replica,
        state=state,
        exit_code=exit_code,
        files=files,
        profiles=(),
        environment="",
        started=None,
        created=created,
    )


def test_the_name_is_found_in_a_broken_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMPOSE_PROJECT_NAME", raising=False)
    root = tmp_path / "Some Clone"
    root.mkdir()
    assert current.name(Settings(root, BOTH)) == "someclone"
    (root / "c").mkdir()
    (root / "c" / "base.yaml").write_text("name: demo\nservices: [\n", encoding="utf-8")
    (root / ".env").write_text("A='open\n", encoding="utf-8")
    assert current.name(Settings(root, BOTH)) == "demo"


@pytest.mark.parametrize(
    ("files", "environment"),
    [
        (("/srv/c/base.yaml", "/srv/c/prod.yaml"), "prod"),
        (("/elsewhere/base.yaml", "/elsewhere/dev.yaml"), "dev"),
        (("/srv/c/base.yaml",), None),
        (("/srv/c/dev.yaml", "/srv/c/base.yaml"), None),
        ((), None),
    ],
)
def test_the_environment_is_told_by_the_files(tmp_path: Path, files: tuple[str, ...], environment: str | None) -> None:
    assert current.running_environment(Settings(tmp_path, BOTH), [container(files=files)]) == environment


def test_what_only_the_environment_before_has_does_not_count(tmp_path: Path) -> None:
    """Nothing removes it, and its name may be the first one."""
    dev, prod = (("c/base.yaml", f"c/{name}.yaml") for name in ("dev", "prod"))
    found = [
        container("adminer", files=dev, created=datetime(2026, 11, 1, tzinfo=UTC)),
        container("web", files=prod, created=datetime(2026, 11, 2, tzinfo=UTC)),
    ]
    assert current.running_environment(Settings(tmp_path, BOTH), found) == "prod"


def test_nothing_runs_in_no_environment(tmp_path: Path) -> None:
    assert current.running_environment(Settings(tmp_path, BOTH), []) is None


def test_a_container_is_found_by_service_and_replica() -> None:
    containers = [container("web", 1), container("web", 2), container("db", 1, "exited")]
    assert execute.container_of(containers, "web") is containers[0]
    assert execute.container_of(containers, "web", 2) is containers[1]


@pytest.mark.parametrize(
    ("containers", "service", "details", "following"),
    [
        (
            [container("web"), container("db", state="exited", exit_code=1)],
            "db",
            ["shop-db-1 is exited", "running: web"],
            "invoke diagnose db",
        ),
        (
            [container("web"), container("db", state="exited", exit_code=0)],
            "db",
            ["shop-db-1 is exited", "running: web"],
            "invoke status",
        ),
        ([container("web")], "db", ["running: web"], "invoke status"),
        ([], "db", ["running: nothing"], "invoke live"),
    ],
)
def test_a_container_that_does_not_run(containers: list[Any], service: str, details: list[str], following: str) -> None:
    with pytest.raises(UsageError, match="db is not running") as caught:
        execute.container_of(containers, service, environment="live")
    assert caught.value.details == details
    assert caught.value.next == following


@pytest.mark.parametrize(
    ("containers", "details", "following"),
    [
        ([], [], "invoke live"),
        ([container("db", state="starting")], ["shop-db-1 is starting"], "invoke diagnose"),
        ([container("db", state="exited", exit_code=137)], ["shop-db-1 is exited"], "invoke diagnose"),
        ([container("db", state="exited", exit_code=0)], ["shop-db-1 is exited"], "invoke live"),
    ],
)
def test_where_none_runs_what_did_not_end_well_is_diagnosed(
    containers: list[Any], details: list[str], following: str
) -> None:
    with pytest.raises(UsageError, match="no PostgreSQL runs here") as caught:
        execute.only(containers, "psql", "PostgreSQL", "live")
    assert (caught.value.details, caught.value.next) == (details, following)


def test_of_several_only_those_that_run_can_be_named() -> None:
    with pytest.raises(UsageError, match="psql needs the name of a service: 2 run") as caught:
        execute.only([container("b"), container("a"), container("c", state="exited")], "psql", "PostgreSQL", "live")
    assert (caught.value.details, caught.value.next) == (["running: a, b"], "invoke psql a")
    assert execute.only([container("b"), container("c", state="exited")], "psql", "PostgreSQL", "live") == "b"


def test_a_service_that_is_mistyped() -> None:
    with pytest.raises(UsageError, match=r"wbe is not running; did you mean web\?"):
        execute.container_of([container("web")], "wbe")


def test_a_replica_that_does_not_run() -> None:
    with pytest.raises(UsageError, match="web has no running replica 3") as caught:
        execute.container_of([container("web", 2), container("web", 1)], "web", 3)
    assert caught.value.details == ["running: 1, 2"]
    assert caught.value.next == "<the same command> --replica 1"


def test_any_running_replica_will_do() -> None:
    containers = [container("web", 1, "exited"), container("web", 3), container("web", 2)]
    assert execute.container_of(containers, "web") is containers[2]


@pytest.mark.parametrize("unreadable", [(".env",), ("c/dev.yaml",), (".env", "c/dev.yaml")])
def test_the_name_where_files_cannot_be_read(tmp_path: Path, unreadable: tuple[str, ...]) -> None:
    root = tmp_path / "shop"
    for name in unreadable:
        (root / name).mkdir(parents=True)
    settings = Settings(root, BOTH)
    with pytest.raises((UsageError, EnvFileError), match="cannot be read: it is a folder"):
        current.name(settings)
    assert current.name(settings, somehow=True) == "shop"
    last_used.write(root, last_used.Memory(project="remembered"))
    assert current.name(settings, somehow=True) == "remembered"


def test_the_stack_is_as_it_was_last_started(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {}", encoding="utf-8")
    settings = Settings(tmp_path, {"dev": Environment("dev", ("compose.yaml",), ("all",))}, {"lean": {"HOST": ""}})
    old, new = (
        SimpleNamespace(
            files=(), profiles=profiles, environment="", started=datetime(2026, 1, day, tzinfo=UTC), created=None
        )
        for day, profiles in ((1, ("all",)), (2, ("lean",)))
    )
    for containers, profiles, variables in (
        ([new, old], ("lean",), {"HOST": ""}),
        ([container()], ("all",), {}),  # an engine does not know
        ([], ("all",), {}),
    ):
        connected: Any = SimpleNamespace(containers=lambda _, found=containers: found)
        stack, _ = current.current(settings, connected)
        assert (stack.profiles, stack.variables) == (profiles, variables)


def test_a_file_that_cannot_be_read_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").mkdir()
    settings = Settings(tmp_path, {"dev": Environment("dev", ("compose.yaml",))})
    several = [container(name, files=(str(tmp_path / "compose.yaml"),)) for name in ("web", "worker", "db")]
    for each in several:
        each.folder = str(tmp_path)
    told: list[str] = []
    assert stop._started_from(settings, "shop", several, told.append) == []
    assert told == ["stopped, perhaps without pre_stop hooks: compose.yaml cannot be read: it is a folder"]


def test_releases_have_an_environment_of_their_own_whatever_runs(tmp_path: Path) -> None:
    ran = [container(files=("/srv/c/base.yaml", "/srv/c/dev.yaml"))]
    assert current.released_environment(Settings(tmp_path, BOTH), ran) == "prod"
    # Where there is no such environment, there are releases of an earlier one at most.
    others = {"live": BOTH["prod"], "dev": BOTH["dev"]}
    assert current.released_environment(Settings(tmp_path, others), ran) == "dev"
    assert current.released_environment(Settings(tmp_path, others), []) == "live"
