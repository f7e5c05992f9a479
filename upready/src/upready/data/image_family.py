"""Which server an image is, as its name tells, or what it sets and which port it offers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

_WORDS = {
    "postgres": r"postgres(ql)?|postgis|pgvector|timescale(db)?",
    "mariadb": r"mariadb",
    "mysql": r"mysql|percona",
    "redis": r"redis|valkey|keydb",
}
"""What a word of an image's name is, which may have the version behind it: `postgres`, `postgres17`, `my-mysql8.4`."""

_TOOL = re.compile(
    r"(?:adapter|admin|agent|backup|bouncer|browser|check|cli|client|commander|console|dashboard|dump|exporter|"
    r"gui|init|insight|job|manager|metrics|migrate|migration|monitor|operator|pmm|pool|pooler|proxy|restore|"
    r"router|sentinel|shell|toolkit|tool|ui|viewer|wait|xtrabackup|mongodb)s?\d*"
)
"""What is about a server and is none: `redis-commander`, `mysql-router`, `postgres-backup-local`."""

_USER = re.compile(r"(?:api|app|web|worker)s?\d*")
"""What uses a server, where it stands behind: `redis-app`; `app-redis` is the Redis of an application."""

_MARKS = {
    "mariadb": ({"MARIADB_VERSION", "MARIADB_MAJOR"}, "3306/tcp"),
    "mysql": ({"MYSQL_VERSION", "MYSQL_MAJOR", "PERCONA_TELEMETRY_DISABLE", "PS_VERSION"}, "3306/tcp"),
    "redis": ({"REDIS_VERSION", "REDIS_DOWNLOAD_URL", "VALKEY_VERSION", "VALKEY_DOWNLOAD_URL"}, "6379/tcp"),
}
"""Variables that such an image sets, and the port that it offers: an image under any name."""

_SERVER = re.compile(r"(?<![\w-])(?:postgres|(?:mysqld|mariadbd)(?:[_-]safe)?|(?:redis|valkey|keydb)-server)(?![\w-])")
_CLIENT = re.compile(
    r"(?:^|[\s;|&('\"]|bin/)(?:psql|pg_\w+|(?:mysql|mariadb)(?!d(?![a-z]))[\w-]*|(?:redis|valkey|keydb)-(?!server)\w+)"
    r"(?=$|[\s;|&)'\"])"
)


def by_name(image: str) -> tuple[str, bool]:
    """The family of an image's name, `postgres`, `mariadb`, `mysql` or `redis`, and whether it is its server.

    Args:
        image: As it stands in a compose file: with a registry, its port, a tag, a digest.

    Returns:
        An empty family where the name tells none.
    """
    repository = image.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()
    words = re.split(r"[^a-z0-9]+", repository)
    for family, known in _WORDS.items():
        for place, word in enumerate(words):
            if re.fullmatch(rf"(?:{known})\d*", word):
                used = any(map(_USER.fullmatch, words[place:]))
                return family, not used and not any(map(_TOOL.fullmatch, words))
    return "", False


def by_marks(variables: Collection[str], ports: Collection[str]) -> str:
    """The family of an image, by the names of the variables that it sets and the ports that it offers."""
    for family, (names, port) in _MARKS.items():
        if port in ports and names.intersection(variables):
            return family
    return ""


def is_job(words: Iterable[str]) -> bool:
    """Whether a container only talks to a server: its command names a client, such as `mysqldump`, and no server."""
    line = " ".join(words)
    return not _SERVER.search(line) and bool(_CLIENT.search(line))
