"""Two variables for one secret: the server's name for its password, and the client's name for it."""

from __future__ import annotations

import re

# The words that images and libraries use for one kind of server. A server and its client use words of one family.
FAMILIES = {
    "PostgreSQL": "POSTGRES POSTGRESQL PG PGSQL PSQL PGPASSWORD PGPASS",
    "MySQL": "MYSQL MARIADB PMA MYSQLI",
    "any database": "DB DATABASE SQL SQLALCHEMY TYPEORM PRISMA DBPASS DBPASSWORD MSSQL SA",
    "MongoDB": "MONGO MONGODB ME",
    "Redis": "REDIS VALKEY KEYDB REDISCLI DRAGONFLY",
    "RabbitMQ": "RABBIT RABBITMQ AMQP BROKER CELERY",
    "object storage": "MINIO S3 AWS STORAGE R2 BUCKET SEAWEEDFS GARAGE",
    "mail": "MAIL SMTP EMAIL MAILER SENDMAIL",
    "search": "ELASTIC ELASTICSEARCH OPENSEARCH KIBANA MEILI MEILISEARCH TYPESENSE SOLR",
    "ClickHouse": "CLICKHOUSE CH",
    "InfluxDB": "INFLUX INFLUXDB",
    "Neo4j": "NEO4J GRAPH",
    "LDAP": "LDAP OPENLDAP BIND BINDPW",
}
_ROLE_WORDS = """
ROOT ADMIN SUPERUSER SUPER OWNER READONLY RO REPLICATION REPL REPLICA NON EXPORTER BACKUP MONITOR
"""
# Words for other users of the same server.
_ROLES = frozenset(_ROLE_WORDS.split())
_FAMILY_OF = {word: family for family, words in FAMILIES.items() for word in words.split()}
_DATABASES = frozenset({"PostgreSQL", "MySQL", "MongoDB", "ClickHouse"})


def is_same(name: str, other: str) -> bool:
    """Whether two variables may name one secret, as `MYSQL_ROOT_PASSWORD` and `PMA_PASSWORD` do."""
    one, two = _words(name), _words(other)
    shorter, longer = sorted((one, two), key=len)
    # An app puts its own name in front: `JWT_SECRET`, `GOTRUE_JWT_SECRET`.
    if longer[-len(shorter) :] == shorter and len(shorter) > 1:
        return True
    families = _family(one), _family(two)
    if None in families or not _fit(*families):
        return False
    # `DB_PASSWORD` and `DB_ROOT_PASSWORD` are two users of one server.
    return one[0] != two[0] or bool(_ROLES & {*one}) == bool(_ROLES & {*two})


def _fit(one: str | None, two: str | None) -> bool:
    either = {one, two}
    return one == two or ("any database" in either and len(either & _DATABASES) == 1)


def _family(words: tuple[str, ...]) -> str | None:
    found = [_FAMILY_OF[word] for word in words if word in _FAMILY_OF]
    named = [family for family in found if family != "any database"]
    return next(iter(reversed(named or found)), None)


def _words(name: str) -> tuple[str, ...]:
    return tuple(each for each in re.split(r"[^A-Z0-9]+", name.upper()) if each)
