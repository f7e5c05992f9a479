"""A URL of this stack's own database that differs from the variables which the database is made from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.envfile.kinds import split_url

NAME = "database-url"

_URL_NAME = re.compile(r"(^|_)(DATABASE|DB|POSTGRES|POSTGRESQL|PG|MYSQL|MARIADB|SQLALCHEMY)_(URL|URI|DSN)$")
# The official images' variables for user, password and database, and the apps' variables for host and port.
_FAMILIES = {
    "postgres": ("POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB", "POSTGRES_HOST", "POSTGRES_PORT"),
    "mysql": ("MYSQL_USER", "MYSQL_PASSWORD", "MYSQL_DATABASE", "MYSQL_HOST", "MYSQL_PORT"),
    "mariadb": ("MARIADB_USER", "MARIADB_PASSWORD", "MARIADB_DATABASE", "MARIADB_HOST", "MARIADB_PORT"),
}
_PARTS = ("user", "password", "database", "host", "port")


def check(context: Context) -> Iterator[Finding]:
    """Yield each part of such a URL that differs from its variable."""
    for value in context.values.values():
        if value.given is None or not _URL_NAME.search(value.name):
            continue
        url = split_url(value.text)
        family = url and next((names for key, names in _FAMILIES.items() if url.scheme.startswith(key)), None)
        if url is None or family is None or not _is_own(context, url.hostname or ""):
            continue
        user = unquote(url.username or "")
        texts = (
            user,
            unquote(url.password or ""),
            unquote(url.path.strip("/")),
            url.hostname or "",
            str(url.port or ""),
        )
        # `_of_user` may give no names at all.
        for name, part, text in zip(_of_user(context, family, user), _PARTS, texts, strict=False):
            other = context.values.get(name)
            if other is not None and other.text and text and other.text != text:
                yield context.about_value(
                    NAME,
                    value.name,
                    f"{value.name} has another {part} than {name}",
                    f"{name} makes the database, and the app connects with {value.name}",
                    f"give both the same {part}, or leave {value.name} empty",
                    # A second user or database may exist; a user has only one password.
                    "error" if part == "password" else "warning",
                )


def _of_user(context: Context, family: tuple[str, ...], user: str) -> tuple[str, ...]:
    """The variables that describe a URL's user; empty if they describe another user.

    The administrator of MySQL has a password variable of its own.
    """
    owner = context.values.get(family[0])
    if not user or owner is None or not owner.text or owner.text == user:
        return family
    root = family[0].replace("_USER", "_ROOT_PASSWORD")
    return ("", root, *family[2:]) if user == "root" and root in context.values else ()


def _is_own(context: Context, host: str) -> bool:
    """Whether a host belongs to this stack: a service, this machine, or the value of a `*_HOST` variable."""
    hosts = {value.text for value in context.values.values() if value.name.endswith("_HOST") and value.text}
    return host in context.uses.services | hosts | {"localhost", "127.0.0.1", "::1", "host.docker.internal"}
