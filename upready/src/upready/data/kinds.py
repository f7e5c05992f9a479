"""What kind of data a service holds: what its `x-ops.data` says, else what its image tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upready.data import image_family
from upready.runtime.docker import edge
from upready.runtime.docker.engine import PROJECT
from upready.runtime.interface import Container

POSTGRES = "postgres"
MYSQL = "mysql"
MARIADB = "mariadb"
REDIS = "redis"
SQLITE = "sqlite"
VOLUME = "volume"
NONE = "none"

TABLES = (POSTGRES, MYSQL, MARIADB)
"""Servers that keep rows in tables."""

SERVERS = (*TABLES, REDIS)
"""What is read by its own programs, while it runs."""

FILES = (VOLUME, SQLITE)
"""What is read as the files of its volumes; those of SQLite are opened besides."""


def of(container: Container, ops: Mapping[str, Any], image: str = "") -> str:
    """The kind of a service's data.

    Args:
        container: One of its containers.
        ops: Its `x-ops`.
        image: The image of its service, where the container has none.
    """
    said = ops.get("data")
    if not said and edge.LABEL in ((container.raw.get("Config") or {}).get("Labels") or {}):
        return NONE  # which containers serve now, and certificates, which it fetches again
    kind = said.get("kind") if isinstance(said, Mapping) else said
    return str(kind) if kind else recognised(container, image) or VOLUME


def recognised(container: Container, image: str = "") -> str:
    """The server that a container is, by its image; empty for none of `SERVERS`, or a mere client of one.

    Args:
        container: The container.
        image: The image of its service, where the container has none.
    """
    config = container.raw.get("Config") or {}
    # An image that compose built has the project's name before the service's, which says nothing.
    project = (config.get("Labels") or {}).get(PROJECT)
    found, serves = image_family.by_name((image or container.image).removeprefix(f"{project}-"))
    if not found:
        variables = {str(each).partition("=")[0] for each in config.get("Env") or ()}
        postgres = bool(variables & {"PGDATA", "POSTGRESQL_VOLUME_DIR"})
        found = POSTGRES if postgres else image_family.by_marks(variables, config.get("ExposedPorts") or ())
        serves = True
    command = [*_words(config.get("Entrypoint")), *_words(config.get("Cmd"))]
    return found if serves and not image_family.is_job(command) else ""


def is_postgres(container: Container, image: str = "") -> bool:
    """Whether a container is PostgreSQL; the arguments are those of `recognised`."""
    return recognised(container, image) == POSTGRES


def _words(said: object) -> list[str]:
    """What the engine says of a command."""
    return [said] if isinstance(said, str) else [str(each) for each in said] if isinstance(said, list) else []
