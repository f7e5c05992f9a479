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
