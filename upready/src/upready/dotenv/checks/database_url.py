"""A database URL that names this stack's own database, and disagrees with the variables that database is made from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from upready.dotenv.compose_values import Value
from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.envfile.kinds import split_url

NAME = "database-url"

_URL_NAME = re.compile(r"(^|_)(DATABASE|DB|POSTGRES|POSTGRESQL|PG|MYSQL|MARIADB|SQLALCHEMY)_(URL|URI|DSN)$")
# Of the official images: how each names its user, password and database; and how apps name where it is.
_FAMILIES = {
    "postgres": ("POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB", "POSTGRES_HOST", "POSTGRES_PORT"),
    "mysql": ("MYSQL_USER", "MYSQL_PASSWORD", "MYSQL_DATABASE", "MYSQL_HOST", "MYSQL_PORT"),
    "mariadb": ("MARIADB_USER", "MARIADB_PASSWORD", "MARIADB_DATABASE", "MARIADB_HOST", "MARIADB_PORT"),
}


def check(context: Context) -> Iterator[Finding]:
    """Yield each part of such a URL that another variable says otherwise."""
    for value in context.values.values():
        if value.given is None or not value.text or not _URL_NAME.search(value.name):
            continue
        parts = split_url(value.text)
        family = parts and next((names for key, names in _FAMILIES.items() if parts.scheme.startswith(key)), None)
        if parts is None or family is None or not _is_own(context, parts.hostname or ""):
            continue
        said = (
            unquote(parts.username or ""),
            unquote(parts.password or ""),
            unquote(parts.path.strip("/")),
            parts.hostname or "",
            str(parts.port or ""),
        )
        names = _of_user(context, family, said[0])
        for name, what, text in zip(names, ("user", "password", "database", "host", "port"), said, strict=False):
            other = context.values.get(name)
            if other is not None and other.text and text and other.text != text:
                yield _finding(context, value, other, what)


def _of_user(context: Context, family: tuple[str, ...], user: str) -> tuple[str, ...]:
    """The variables that are about a URL's user; none where all there are is another's.

    The administrator of MySQL has a password of its own.
    """
    owner = context.values.get(family[0])
    if not user or owner is None or not owner.text or owner.text == user:
        return family
    root = family[0].replace("_USER", "_ROOT_PASSWORD")
    return ("", root, *family[2:]) if user == "root" and root in context.values else ()


def _is_own(context: Context, host: str) -> bool:
    """Whether a host is this stack's: one of its services, this machine, or what the `*_HOST` variables say."""
    hosts = {value.text for value in context.values.values() if value.name.endswith("_HOST") and value.text}
    return host in context.uses.services | hosts | {"localhost", "127.0.0.1", "::1", "host.docker.internal"}


def _finding(context: Context, value: Value, other: Value, what: str) -> Finding:
    line, column = context.place(value.name, of_value=True)
    return Finding(
        # Another user or database may exist beside the first; another password of the same one cannot.
        severity="error" if what == "password" else "warning",
        check=NAME,
        variable=value.name,
        line=line,
        column=column,
        message=f"{value.name} names another {what} than {other.name}",
        why="the database is made from the one, and the app comes with the other",
        fix=f"make the two agree, or leave {value.name} empty",
    )
