"""What kind of data a service holds: what its `x-ops.data` says, else what its image tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upready.runtime.docker import edge
from upready.runtime.interface import Container

POSTGRES = "postgres"
VOLUME = "volume"
NONE = "none"

FAMILY = ("postgres", "postgis", "pgvector", "timescale")
"""What names of images of PostgreSQL hold."""


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
    if kind:
        return str(kind)
    return POSTGRES if is_postgres(container, image) else VOLUME


def is_postgres(container: Container, image: str = "") -> bool:
    """Whether a container is PostgreSQL: its image says so by its name, or by the variables that it sets.

    Args:
        container: The container.
        image: The image of its service, where the container has none.
    """
    name = (image or container.image).rpartition("/")[2].lower()
    variables = (container.raw.get("Config") or {}).get("Env") or []
    sets = {variable.partition("=")[0] for variable in variables}
    return any(word in name for word in FAMILY) or bool(sets & {"PGDATA", "POSTGRESQL_VOLUME_DIR"})
