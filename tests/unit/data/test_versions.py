"""Which major version of PostgreSQL an image has, and what it is called with another one."""

from __future__ import annotations

import pytest

from tests.unit.conftest import MakeStack
from upready.data import versions
from upready.stack import model


def image(*variables: str) -> dict[str, object]:
    return {"Config": {"Env": list(variables)}}


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("postgres:17-alpine", 17),
        ("postgres:16.4", 16),
        ("postgres:9.6", 9),
        ("registry.example.com:5000/postgis/postgis:16-3.4", 16),
        ("pgvector/pgvector:pg16", 16),
        ("timescale/timescaledb:2.17.2-pg15", 15),
        ("bitnami/postgresql:15.4.0-debian-11-r0", 15),
        ("postgres", 0),
        ("postgres:latest", 0),
        ("postgres:alpine3.20", 0),
        ("registry:5000/postgres", 0),
        ("postgres:17@sha256:0123", 17),
    ],
)
def test_the_version_by_the_name(name: str, version: int) -> None:
    assert versions.of_image(None, name) == version


def test_what_the_image_itself_says_comes_first() -> None:
    assert versions.of_image(image("PG_MAJOR=15", "PG_VERSION=15.3"), "timescaledb:17") == 15
    assert versions.of_image(image("PATH=/usr/lib/postgresql/14/bin:/bin"), "own:latest") == 14
    assert versions.of_image(image("PATH=/bin"), "own:latest") == 0


@pytest.mark.parametrize(
    ("name", "renamed"),
    [
        ("postgres:17-alpine", "postgres:16-alpine"),
        ("postgres:17.2", "postgres:16"),
        ("host:5017/postgres:17", "host:5017/postgres:16"),
        ("pgvector/pgvector:0.8.0-pg17", "pgvector/pgvector:0.8.0-pg16"),
        ("postgis/postgis:17-3.5", "postgis/postgis:16-3.5"),
        ("postgres:latest", ""),
        ("own", ""),
    ],
)
def test_the_name_with_another_version(name: str, renamed: str) -> None:
    assert versions.older(name, 17, 16) == renamed


@pytest.mark.parametrize(
    ("mount", "variables", "inside"),
    [
        ("/var/lib/postgresql/data", "", ""),
        ("/var/lib/postgresql", "PGDATA=/var/lib/postgresql/18/docker", "18/docker"),
        ("/var/lib/postgresql/data", "PGDATA=/var/lib/postgresql/data/pgdata", "pgdata"),
        ("/elsewhere", "", None),
        ("/var/lib/postgresql/data", "PGDATA=/var/lib/postgresql/18/docker", None),
    ],
)
def test_where_the_data_are(make_stack: MakeStack, mount: str, variables: str, inside: str | None) -> None:
    text = f"services: {{db: {{image: postgres, volumes: ['data:{mount}']}}}}\nvolumes: {{data: {{name: kept}}}}\n"
    merged = model.load(make_stack(text))
    found = versions.where(merged, merged.service("db"), image(variables))
    assert (found.inside if found else None) == inside
    assert found is None or found.volume == "kept"
