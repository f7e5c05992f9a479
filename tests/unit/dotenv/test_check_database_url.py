"""A database URL that disagrees with the variables its database is made from."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    pytest.param(
        "POSTGRES_USER=me\nPOSTGRES_PASSWORD=s@cret\nPOSTGRES_DB=mine\nDATABASE_URL=postgresql://me:s%40cret@db:5432/mine\n",
        [],
        id="agrees",
    ),
    pytest.param(
        "POSTGRES_USER=me\nPOSTGRES_PASSWORD=s@cret\nPOSTGRES_DB=mine\nDATABASE_URL=postgresql://me:other@db:5432/mine\n",
        ["4:14 error DATABASE_URL"],
        id="another password",
    ),
    pytest.param(
        "POSTGRES_USER=me\nPOSTGRES_PASSWORD=s@cret\nPOSTGRES_DB=mine\nDATABASE_URL=postgresql://you:s%40cret@db/mine\n",
        [],
        id="another user, who may have another password",
    ),
    pytest.param(
        "POSTGRES_USER=me\nPOSTGRES_PASSWORD=s@cret\nPOSTGRES_DB=mine\nDATABASE_URL=postgres://me:s%40cret@localhost/yours\n",
        ["4:14 warning DATABASE_URL"],
        id="another database",
    ),
    pytest.param(
        "POSTGRES_USER=me\nPOSTGRES_PASSWORD=s@cret\nPOSTGRES_DB=mine\nAPP_DB_URL=postgresql+psycopg://me:b@127.0.0.1:5433/c\n",
        ["4:12 error APP_DB_URL", "4:12 warning APP_DB_URL"],
        id="everything",
    ),
    pytest.param(
        "POSTGRES_USER=me\nPOSTGRES_PASSWORD=s@cret\nPOSTGRES_DB=mine\nDATABASE_URL=postgresql://a:b@db.example.com/c\n",
        [],
        id="a database elsewhere",
    ),
    pytest.param(
        "POSTGRES_USER=me\nPOSTGRES_PASSWORD=s@cret\nPOSTGRES_DB=mine\nPOSTGRES_HOST=pg.lan\nDATABASE_URL=postgresql://me:x@pg.lan/mine\n",
        ["5:14 error DATABASE_URL"],
        id="the host that POSTGRES_HOST names",
    ),
    pytest.param(
        "POSTGRES_USER=me\nPOSTGRES_PASSWORD=s@cret\nPOSTGRES_DB=mine\nDATABASE_URL=postgresql://me@db/mine\n",
        [],
        id="a password in no URL",
    ),
    pytest.param(
        "POSTGRES_USER=me\nPOSTGRES_PASSWORD=s@cret\nPOSTGRES_DB=mine\nDATABASE_URL=redis://a:b@db/c\n",
        [],
        id="another family",
    ),
    pytest.param(
        "MYSQL_USER=me\nMYSQL_PASSWORD=x\nDB_URL=mysql://me:y@localhost/z\n",
        ["3:8 error DB_URL"],
        id="MySQL's variables",
    ),
    pytest.param(
        "MYSQL_USER=me\nMYSQL_PASSWORD=x\nMYSQL_ROOT_PASSWORD=r\nDB_URL=mysql://root:r@localhost/z\n",
        [],
        id="the administrator",
    ),
    pytest.param(
        "MYSQL_USER=me\nMYSQL_PASSWORD=x\nMYSQL_ROOT_PASSWORD=r\nDB_URL=mysql://root:x@localhost/z\n",
        ["4:8 error DB_URL"],
        id="the administrator with another's password",
    ),
    pytest.param("POSTGRES_USER=me\nPOSTGRES_PASSWORD=s@cret\nPOSTGRES_DB=mine\nDATABASE_URL=\n", [], id="empty"),
    pytest.param("POSTGRES_PASSWORD=s@cret\nDATABASE_URL=what is it\n", [], id="no URL"),
    pytest.param(
        "POSTGRES_PASSWORD=x\nDB_URL=redis://db/1\nPG_URL=postgres://me:y@db/z\n",
        ["3:8 error PG_URL"],
        id="behind one of another family",
    ),
    pytest.param("POSTGRES_PASSWORD=x\nMY_URL=postgres://me:y@db/z\n", [], id="another name"),
    pytest.param("POSTGRES_PASSWORD=x\nDATABASE_URL=postgresql:///z\n", [], id="no host"),
    pytest.param(
        "POSTGRES_USER=m@e\nPOSTGRES_PASSWORD=x\nPOSTGRES_DB=a@b\nDATABASE_URL=postgres://m%40e:y@db/a%40b\n",
        ["4:14 error DATABASE_URL"],
        id="signs in the user's name and the database's",
    ),
    pytest.param(
        "POSTGRES_USER=me\nPOSTGRES_PASSWORD=x\nPOSTGRES_DB=mine\nDATABASE_URL=postgresql://db/yours/\n",
        ["4:14 warning DATABASE_URL"],
        id="no user in the URL",
    ),
    pytest.param(
        "POSTGRES_PASSWORD=x\nDATABASE_URL=postgresql://me:y@db\n", ["2:14 error DATABASE_URL"], id="no user besides"
    ),
    pytest.param(
        "POSTGRES_USER=\nPOSTGRES_PASSWORD=x\nDATABASE_URL=postgresql://me:y@db\n",
        ["3:14 error DATABASE_URL"],
        id="an empty user besides",
    ),
    pytest.param(
        "POSTGRES_PASSWORD=\nPOSTGRES_DB=\nDATABASE_URL=postgresql://me:y@db/mine\n", [], id="empty variables"
    ),
    pytest.param(
        "MARIADB_USER=me\nMARIADB_PASSWORD=x\nMARIADB_DATABASE=a\nMARIADB_ROOT_PASSWORD=r\n"
        "MARIADB_URL=mariadb://root:r@db/b\n",
        ["5:13 warning MARIADB_URL"],
        id="the administrator's database",
    ),
    pytest.param(
        "MYSQL_USER=me\nMYSQL_PASSWORD=x\nMYSQL_DATABASE=a\nDB_URL=mysql://root:y@db/b\n",
        [],
        id="an administrator without a password of its own",
    ),
    pytest.param(
        "MYSQL_USER=me\nMYSQL_PASSWORD=x\nMYSQL_ROOT_PASSWORD=r\nDB_URL=mysql://you:y@db/b\n",
        [],
        id="another user beside the administrator",
    ),
    pytest.param(
        "POSTGRES_HOST=db\nDATABASE_URL=postgresql://me@127.0.0.1/mine\n",
        ["2:14 warning DATABASE_URL"],
        id="another host",
    ),
    pytest.param(
        "POSTGRES_HOST=db\nPOSTGRES_PORT=5432\nDATABASE_URL=postgresql://me@db:9999/mine\n",
        ["3:14 warning DATABASE_URL"],
        id="another port",
    ),
    pytest.param(
        "POSTGRES_HOST=db\nPOSTGRES_PORT=5432\nDATABASE_URL=postgresql://me@db/mine\n", [], id="no port in the URL"
    ),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_database_url(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("database-url", env, compose="services: {db: {image: postgres}}\n") == expected


def test_what_a_user_reads(told_by: Callable[..., list[tuple[str, str, str]]]) -> None:
    env = (
        "POSTGRES_USER=me\nPOSTGRES_PASSWORD=x\nPOSTGRES_DB=mine\nPOSTGRES_HOST=db\nPOSTGRES_PORT=5432\n"
        "DATABASE_URL=postgresql://me:y@localhost:1/yours\n"
    )
    assert told_by("database-url", env) == [
        (
            f"DATABASE_URL has another {part} than POSTGRES_{name}",
            f"POSTGRES_{name} makes the database, and the app connects with DATABASE_URL",
            f"give both the same {part}, or leave DATABASE_URL empty",
        )
        for part, name in (("password", "PASSWORD"), ("database", "DB"), ("host", "HOST"), ("port", "PORT"))
    ]


def test_a_default_of_a_compose_file_is_not_the_users(found_by: Callable[..., list[str]]) -> None:
    compose = "services: {db: {image: postgres, environment: ['U=${DATABASE_URL:-postgresql://me:y@db/z}']}}\n"
    assert found_by("database-url", "POSTGRES_PASSWORD=x\n", compose=compose) == []


@pytest.mark.parametrize("host", ["db", "localhost", "127.0.0.1", "[::1]", "host.docker.internal", "pg.lan"])
def test_hosts_of_this_stack(found_by: Callable[..., list[str]], host: str) -> None:
    env = f"A_HOST=pg.lan\nB=there.lan\nPOSTGRES_PASSWORD=x\nDATABASE_URL=postgresql://me:y@{host}/mine\n"
    compose = "services: {db: {image: postgres}}\n"
    assert found_by("database-url", env, compose=compose) == ["4:14 error DATABASE_URL"]
    assert found_by("database-url", env.replace(f"@{host}", "@there.lan"), compose=compose) == []
