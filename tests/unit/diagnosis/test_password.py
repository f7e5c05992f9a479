"""A password that a database refuses: which database, which of the two has the wrong one, and what sets it right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from docker.errors import NotFound

from tests.unit.diagnosis.cases import Machine, ready, replica, told
from tests.unit.replicas import service
from upready.diagnosis.failure import Finding
from upready.diagnosis.rules import password
from upready.stack.model import Service

POSTGRES = 'FATAL:  password authentication failed for user "shop"'
MYSQL = "ERROR 1045 (28000): Access denied for user 'shop'@'172.18.0.5' (using password: YES)"
IN_ENV = "correct the password in .env, then: invoke dev"
AFRESH = "to go on without any data of the project: invoke stop --volumes"
BORN = "2026-11-29T10:00:10.5Z"
"""When the container of the database was made."""


def at(host: str) -> str:
    """The words of a client that was refused by a host."""
    return f'connection to server at "{host}" (10.0.0.2), port 5432 failed: {POSTGRES}'


def database(name: str = "db", variable: str = "POSTGRES_PASSWORD", value: str | None = "hunter2hunter2") -> Service:
    """A service that is given a password for its users."""
    return service(name, environment={variable: value} if variable else None)


def engine(volumes: Mapping[str, str]) -> Machine:
    """An engine that has volumes of this age."""

    def inspect(name: str) -> dict[str, str]:
        if name not in volumes:
            raise NotFound(name)
        return {"CreatedAt": volumes[name]}

    return Machine(inspect_volume=inspect)


def mounts(*names: str) -> list[dict[str, str]]:
    """Volumes as the engine lists them at a container."""
    return [{"Type": "volume", "Name": each} for each in names]


def find(
    line: str,
    *databases: Service,
    web: Service | None = None,
    volumes: Mapping[str, str] | None = None,
    raw: Mapping[str, Any] | None = None,
    networks: Mapping[str, Any] | None = None,
    **given: Any,
) -> Finding:
    """What is said of `web`, which is given the same password, wrote a line, and runs beside some databases.

    Args:
        line: What it wrote.
        databases: The other services; by default one, `db`.
        web: Its own service.
        volumes: When each volume was made; without them there is no engine.
        raw: What the engine says of the container of each database.
        networks: The networks of each.
        given: What `cases.replica` takes besides.
    """
    others = databases or (database(),)
    known = {"NetworkSettings": {"Networks": networks or {}}, "Created": BORN, "Mounts": mounts("shop_data")}
    healths = {each.name: ready(each.name, raw=known if raw is None else raw) for each in others}
    one = replica(
        "starting",
        line,
        web=web or service(environment={"PASSWORD": "hunter2hunter2"}),
        services=others,
        others=healths,
        engine=None if volumes is None else engine(volumes),
        **given,
    )
    found = password.find(one)
    assert found is not None
    return found


def plain(finding: Finding) -> tuple[str, str, str, str | None, Sequence[str]]:
    """All that a finding says."""
    return (*told(finding), finding.blames, list(finding.evidence))


def wrong(by: str, user: str = "shop") -> str:
    return f"is refused by {by}: the password of user {user} is not the right one"


def test_other_words_are_not_its_own() -> None:
    assert password.find(replica("FATAL:  the moon is not up", services=(database(),))) is None


@pytest.mark.parametrize("line", [POSTGRES, POSTGRES.replace('"', "'"), MYSQL, at("db")])
def test_the_words_of_clients_and_databases(line: str) -> None:
    step = "invoke env.set POSTGRES_PASSWORD && invoke dev"
    assert plain(find(line)) == ("", wrong("db"), step, "db", [])


# Which database.


def test_the_host_that_is_named() -> None:
    both = (database("other"), database())
    assert find(at("db"), *both).blames == "db"
    assert find(at("other"), *both, networks={"shop": {"IPAddress": "10.0.0.2"}}).blames == "other"
    assert find(at("10.0.0.2"), networks={"shop": {"IPAddress": "10.0.0.2"}}).blames == "db"
    pool = service("pool")
    assert plain(find(at("pool"), database(), pool)) == ("", wrong("pool"), IN_ENV, "pool", [])


def test_a_database_elsewhere() -> None:
    assert plain(find(at("db.example.com"))) == ("", wrong("db.example.com"), IN_ENV, None, [])


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "10.9.9.9"])
def test_a_host_that_does_not_tell_which_service_it_is(host: str) -> None:
    assert find(at(host)).message == wrong("db")


def test_a_container_that_does_not_run_is_not_the_one_without_a_name() -> None:
    nowhere = {"shop": {"IPAddress": "", "Aliases": None}}
    one = find(POSTGRES, service("cache"), database(), networks=nowhere)
    assert one.blames == "db"


def test_of_several_databases_the_one_that_it_depends_on() -> None:
    both = (database("first"), database("second", "MYSQL_PASSWORD"))
    given = {"PASSWORD": "hunter2hunter2"}
    web = service(environment=given, depends_on={"gone": "service_started", "second": "service_healthy"})
    assert find(POSTGRES, *both, web=web).blames == "second"
    assert plain(find(POSTGRES, *both)) == ("", wrong("its database"), IN_ENV, None, [])


def test_a_service_without_a_password_is_no_database() -> None:
    others = (database("a", value=""), database("b", value=None), database("c", variable=""), database())
    assert find(POSTGRES, *others).blames == "db"
    web = service(depends_on={"a": "service_healthy"}, environment={"PASSWORD": "hunter2hunter2"})
    assert find(POSTGRES, *others, web=web).blames == "db"
    assert find(POSTGRES, database("c", variable="")).message == wrong("its database")


def test_a_service_that_the_stack_no_longer_has_is_no_database() -> None:
    others = {"gone": ready("gone"), "db": ready("db")}
    web = service(environment={"P": "hunter2hunter2"})
    assert told(password.find(replica(POSTGRES, web=web, services=(database(),), others=others)))[1] == wrong("db")


def test_a_database_of_another_profile_that_runs() -> None:
    one = replica(
        POSTGRES,
        web=service(environment={"P": "hunter2"}),
        inactive=(database(value="hunter2"),),
        others={"db": ready("db")},
    )
    assert told(password.find(one))[1] == wrong("db")


def test_the_database_itself() -> None:
    web = service(environment={"POSTGRES_PASSWORD": "hunter2hunter2"}, depends_on={"db": "service_healthy"})
    step = "invoke env.set POSTGRES_PASSWORD && invoke dev"
    assert plain(find(POSTGRES, web=web)) == ("", wrong("itself"), step, None, [])


# Whose password it is.


OTHER = "use the same variable in the environment of web and db, then: invoke dev"


def test_a_client_with_another_password() -> None:
    message = "is refused by db: its password is not the one that db has for user shop"
    for environment in ({"PASSWORD": "sesame"}, {}, None):
        assert plain(find(POSTGRES, web=service(environment=environment))) == ("", message, OTHER, "db", [])


@pytest.mark.parametrize(
    ("secret", "value"),
    [
        ("hunter2", "hunter2"),
        ("hunter2", "postgres://shop:hunter2@db/shop"),
        ("h@nter/2", "postgres://shop:h%40nter%2f2@db/shop"),
        ("100%25", "100%25"),
    ],
)
def test_a_client_with_the_same_password(secret: str, value: str) -> None:
    web = service(environment={"A": "x", "URL": value, "B": "y"})
    assert find(POSTGRES, database(value=secret), web=web).message == wrong("db")


def test_a_client_that_may_read_its_password_from_a_file() -> None:
    assert find(POSTGRES, web=service(environment={}, secrets=["password"])).message == wrong("db")


def test_another_password_counts_more_than_the_age_of_the_volume() -> None:
    found = find(POSTGRES, web=service(environment={}), volumes={"shop_data": "2026-11-28T10:00:00Z"})
    assert found.next == OTHER
    assert len(found.evidence) == 1


# The variable that has it.


@pytest.mark.parametrize(
    ("user", "environment", "variable"),
    [
        ("shop", {"MYSQL_ROOT_PASSWORD": "a", "MYSQL_PASSWORD": "b"}, "MYSQL_PASSWORD"),
        ("root", {"MYSQL_PASSWORD": "b", "MYSQL_ROOT_PASSWORD": "a"}, "MYSQL_ROOT_PASSWORD"),
        ("shop", {"MARIADB_ROOT_PASSWORD": "a", "MARIADB_PASSWORD": "b"}, "MARIADB_PASSWORD"),
        ("root", {"MARIADB_PASSWORD": "b", "MARIADB_ROOT_PASSWORD": "a"}, "MARIADB_ROOT_PASSWORD"),
        ("root", {"MYSQL_PASSWORD": "b"}, "MYSQL_PASSWORD"),
        ("root", {"MYSQL_PASSWORD": "b", "MYSQL_ROOT_PASSWORD": ""}, "MYSQL_PASSWORD"),
        ("shop", {"MYSQL_ROOT_PASSWORD": "a"}, "MYSQL_ROOT_PASSWORD"),
    ],
)
def test_the_password_of_root_is_another_variable(user: str, environment: dict[str, str], variable: str) -> None:
    web = service(environment={"PASSWORD": environment[variable]})
    found = find(MYSQL.replace("shop", user), service("db", environment=environment), web=web)
    assert (found.message, found.next) == (wrong("db", user), f"invoke env.set {variable} && invoke dev")


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("POSTGRES_PASSWORD: ${DB_PASSWORD}", "invoke env.set DB_PASSWORD && invoke dev"),
        (
            "POSTGRES_PASSWORD: hunter2hunter2",
            "correct environment.POSTGRES_PASSWORD: in compose.yaml:4, then: invoke dev",
        ),
        ("- POSTGRES_PASSWORD=${DB_PASSWORD}", "invoke env.set DB_PASSWORD && invoke dev"),
        ("OTHER: x", "invoke env.set POSTGRES_PASSWORD && invoke dev"),
    ],
)
def test_the_password_is_changed_where_it_is_written(text: str, step: str, tmp_path: Path) -> None:
    compose = f"services:\n  db:\n    environment:\n      {text}\n"
    assert find(POSTGRES, root=tmp_path, compose=compose).next == step


def test_the_password_is_changed_in_the_file_that_the_database_gets(tmp_path: Path) -> None:
    (tmp_path / "db.env").write_text("POSTGRES_PASSWORD=hunter2hunter2\n", encoding="utf-8")
    compose = "services:\n  db:\n    env_file: [db.env]\n"
    step = "correct POSTGRES_PASSWORD in db.env:1, then: invoke dev"
    assert find(POSTGRES, root=tmp_path, compose=compose).next == step


def test_a_password_that_the_compose_files_do_not_have(tmp_path: Path) -> None:
    compose = "services:\n  pool:\n    environment: [POOL_MODE=session]\n"
    assert (
        find(at("pool"), service("pool", environment={"POOL_MODE": "session"}), root=tmp_path, compose=compose).next
        == IN_ENV
    )


# The age of the volume.


def old(line: str, variable: str, **given: Any) -> list[str]:
    """The ways out where the volume is older than its container."""
    found = find(line, database(variable=variable), volumes={"shop_data": "2026-11-28T09:00:00Z"}, **given)
    user = "root" if "root" in line else "shop"
    assert found.message == (
        f"is refused by db: the volume shop_data was initialised with another password for user {user}, "
        "and keeps that one"
    )
    assert found.evidence == [
        "volume shop_data was created 2026-11-28 09:00:00, the container 2026-11-29 10:00:10",
    ]
    assert found.blames == "db"
    return found.next.split("\n")


@pytest.mark.parametrize(
    ("line", "variable", "client"),
    [
        (POSTGRES, "POSTGRES_PASSWORD", "psql -U shop -d postgres -c '\\password'"),
        (MYSQL, "MYSQL_PASSWORD", "mysql -u root -p -e \"ALTER USER 'shop' IDENTIFIED BY 'THE NEW ONE'\""),
        (MYSQL.lower(), "MYSQL_PASSWORD", "mysql -u root -p -e \"ALTER USER 'shop' IDENTIFIED BY 'THE NEW ONE'\""),
        (
            MYSQL.replace("shop", "root"),
            "MARIADB_ROOT_PASSWORD",
            "mariadb -u root -p -e \"ALTER USER 'root' IDENTIFIED BY 'THE NEW ONE'\"",
        ),
    ],
)
def test_an_old_volume_keeps_its_password(line: str, variable: str, client: str) -> None:
    assert old(line, variable) == [
        f"with the old password: invoke env.set {variable} && invoke dev",
        f"to give the database the new one: invoke exec db -- {client}",
        AFRESH,
    ]


@pytest.mark.parametrize(
    ("made", "is_old"),
    [
        ("2026-11-29T10:00:10Z", False),
        ("2026-11-29T10:00:07.500Z", False),
        ("2026-11-29T10:00:07Z", True),
        ("2026-11-29T10:00:20Z", False),
        ("2026-11-29T11:00:07+01:00", True),
    ],
)
def test_how_old_a_volume_has_to_be(made: str, is_old: bool) -> None:
    found = find(POSTGRES, volumes={"shop_data": made})
    assert ("the volume shop_data was initialised" in found.message) is is_old
    assert len(found.evidence) == 1


def test_of_several_mounts_the_volumes_that_are_there() -> None:
    raw = {
        "Created": BORN,
        "Mounts": [{"Type": "bind", "Source": "/x"}, {"Type": "tmpfs"}, *mounts("gone", "young", "old", "new")],
    }
    made = {"young": "2026-11-29T10:00:10Z", "old": "2026-11-28T10:00:00Z", "new": "2026-11-29T10:00:09Z"}
    found = find(POSTGRES, raw=raw, volumes=made)
    assert "the volume old was initialised" in found.message
    assert [each.split()[1] for each in found.evidence] == ["young", "old", "new"]


@pytest.mark.parametrize(
    "raw", [{}, {"Mounts": mounts("shop_data")}, {"Created": BORN}, {"Created": BORN, "Mounts": None}], ids=str
)
def test_a_volume_that_nothing_is_known_of(raw: Mapping[str, Any]) -> None:
    found = find(POSTGRES, raw=raw, volumes={"shop_data": "2026-11-28T10:00:00Z"})
    assert (found.message, found.evidence) == (wrong("db"), [])


def test_a_database_without_a_container() -> None:
    one = replica(POSTGRES, web=service(environment={"P": "hunter2"}), services=(database(value="hunter2"),))
    found = password.find(one)
    assert told(found)[1] == wrong("its database")
    found = password.find(replica(at("db"), web=one.service, services=(database(value="hunter2"),), engine=engine({})))
    assert told(found)[1] == wrong("db")


def test_a_database_whose_container_is_gone() -> None:
    web, db = service(environment={"P": "hunter2"}), database(value="hunter2")
    gone = replace(ready("db"), container=None)
    found = password.find(replica(POSTGRES, web=web, services=(db,), others={"db": gone}, engine=engine({})))
    assert told(found)[1] == wrong("db")
