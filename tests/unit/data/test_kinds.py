"""Which server a container is: by its image's name, by what the image sets, by what runs in it."""

from __future__ import annotations

from typing import Any

import pytest

from upready.data import kinds
from upready.runtime.interface import Container

DIGEST = "@sha256:" + "0" * 64


def container(image: str, project: str = "shop", **config: Any) -> Container:
    raw = {"Config": {"Labels": {"com.docker.compose.project": project}, **config}}
    return Container("1", "shop-db-1", "db", 1, image, "running", "", (), None, False, "", 0, None, None, raw=raw)


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        ("mysql:8.4", "mysql"),
        ("mysql", "mysql"),
        ("mysql/mysql-server:8.0", "mysql"),
        ("percona/percona-server:8.0", "mysql"),
        ("docker.io/library/mysql:8", "mysql"),
        ("mariadb:11" + DIGEST, "mariadb"),
        ("bitnami/mariadb-galera:11", "mariadb"),
        ("linuxserver/mariadb", "mariadb"),
        ("registry.example:5000/mirror/mariadb", "mariadb"),
        ("registry.example:5000/mirror/redis" + DIGEST, "redis"),
        ("redis/redis-stack-server:7.4.0-v1", "redis"),
        ("valkey/valkey:8-alpine", "redis"),
        ("eqalpha/keydb", "redis"),
        ("supabase/postgres:15.8", "postgres"),
        ("pgvector/pgvector:pg17", "postgres"),
        ("timescale/timescaledb-ha:pg16", "postgres"),
        ("imresamu/postgis-arm64:16", "postgres"),
        ("shop-mysql", "mysql"),
        ("acme/app-postgres:17", "postgres"),
        # About a server, and none.
        ("postgrest/postgrest:v12", ""),
        ("prometheuscommunity/postgres-exporter", ""),
        ("prodrigestivill/postgres-backup-local:17", ""),
        ("prom/mysqld-exporter", ""),
        ("container-registry.example/mysql/community-router:8", ""),
        ("mysql/mysql-router", ""),
        ("phpmyadmin", ""),
        ("oliver006/redis_exporter", ""),
        ("rediscommander/redis-commander", ""),
        ("redis/redisinsight", ""),
        ("acme/redis-app", ""),
        ("percona/percona-server-mongodb:7", ""),
        ("acme/images:mysql-8", ""),
        ("debian:trixie-slim", ""),
    ],
)
def test_a_name_tells_the_server(image: str, kind: str) -> None:
    assert kinds.recognised(container(image)) == kind


def test_the_name_of_a_project_tells_nothing() -> None:
    assert kinds.recognised(container("redis-monitor-db", "redis-monitor")) == ""
    assert kinds.recognised(container("monitor-redis", "monitor")) == "redis"


@pytest.mark.parametrize(
    ("variables", "port", "kind"),
    [
        (["MARIADB_VERSION=1:11.4"], "3306/tcp", "mariadb"),
        (["MYSQL_MAJOR=8.4"], "3306/tcp", "mysql"),
        (["REDIS_VERSION=7.2"], "6379/tcp", "redis"),
        (["PGDATA=/data"], "", "postgres"),
        # An application that is told of a server is none.
        (["MYSQL_VERSION=8.4"], "8000/tcp", ""),
    ],
)
def test_an_image_of_any_name_is_known_by_what_it_sets(variables: list[str], port: str, kind: str) -> None:
    found = container("registry.example/base/db7", Env=variables, ExposedPorts={port: {}} if port else {})
    assert kinds.recognised(found) == kind


@pytest.mark.parametrize(
    ("image", "command", "kind"),
    [
        ("mysql:8", ["docker-entrypoint.sh", "mysqld", "--skip-name-resolve"], "mysql"),
        ("mysql:8", ["docker-entrypoint.sh", "--character-set-server=utf8mb4"], "mysql"),
        ("bitnami/mysql", ["/opt/bitnami/scripts/mysql/entrypoint.sh", "/opt/bitnami/scripts/mysql/run.sh"], "mysql"),
        ("redis:7", ["docker-entrypoint.sh", "sh", "-c", 'redis-server --requirepass "$WORD"'], "redis"),
        ("postgres:17", ["docker-entrypoint.sh", "postgres", "-c", "shared_preload_libraries=pg_cron"], "postgres"),
        ("mysql:8", ["docker-entrypoint.sh", "sh", "-c", "mysqldump -h db shop | gzip >/backup/shop.gz"], ""),
        ("mariadb:11", ["docker-entrypoint.sh", "mariadb", "-h", "db", "-e", "SELECT 1"], ""),
        ("postgres:17", ["docker-entrypoint.sh", "sh", "-c", "until pg_isready -h db; do sleep 1; done"], ""),
        ("redis:7", ["docker-entrypoint.sh", "redis-cli", "-h", "cache", "flushall"], ""),
    ],
)
def test_a_mere_client_has_no_data(image: str, command: list[str], kind: str) -> None:
    assert kinds.recognised(container(image, Entrypoint=command[:1], Cmd=command[1:])) == kind


def test_what_is_said_goes_before_what_shows() -> None:
    assert kinds.of(container("acme/store"), {"data": "mysql"}) == "mysql"
    assert kinds.of(container("mysql:8"), {"data": {"kind": "volume", "read": "stopped"}}) == "volume"
