"""PostgreSQL's own client, in the container of the service that is one, with its user and database."""

from __future__ import annotations

from collections.abc import Sequence

from upready.operations import execute
from upready.runtime import current
from upready.runtime.interface import Container, Runtime
from upready.stack.settings import DOCKER, Settings

_FAMILY = ("postgres", "postgis", "pgvector", "timescale")
"""What names of images of PostgreSQL hold."""

_SCRIPT = """
user=${POSTGRES_USER:-${POSTGRESQL_USERNAME:-postgres}}
[ ! -r "${POSTGRES_USER_FILE:-}" ] || user=$(cat "$POSTGRES_USER_FILE")
name=${POSTGRES_DB:-${POSTGRESQL_DATABASE:-$user}}
[ ! -r "${POSTGRES_DB_FILE:-}" ] || name=$(cat "$POSTGRES_DB_FILE")
word=${PGPASSWORD:-${POSTGRES_PASSWORD:-${POSTGRESQL_PASSWORD:-}}}
[ ! -r "${POSTGRES_PASSWORD_FILE:-}" ] || word=$(cat "$POSTGRES_PASSWORD_FILE")
export PGUSER="${PGUSER:-$user}" PGDATABASE="${PGDATABASE:-$name}" PGPASSWORD="$word"
exec psql "$@"
"""
"""Read in the container, where the variables and secret files of the official image and of Bitnami's are."""


def find(
    settings: Settings, connected: Runtime, service: str, replica: int | None, words: Sequence[str]
) -> execute.Call:
    """The call of psql where PostgreSQL runs.

    Args:
        settings: The project's.
        connected: Where it runs.
        service: The service; where none is named, the only one that is PostgreSQL.
        replica: Which of its containers; None is any that runs.
        words: Arguments for psql.

    Raises:
        UsageError: The service is not running, or several are PostgreSQL.
        EngineError: The engine does not answer.
    """
    if not service:
        running = [each for each in connected.containers(current.name(settings)) if each.state == "running"]
        images = {} if connected.name == DOCKER else _images(settings, connected)
        found = {each.service for each in running if is_postgres(each, images.get(each.service, ""))}
        service = execute.only(found, "psql", "PostgreSQL", next(iter(settings.environments)))
    # Without an engine, the service's variables are psql's own (`PGUSER`), and there may be no sh.
    program = ["sh", "-c", _SCRIPT, "psql"] if connected.name == DOCKER else ["psql"]
    return execute.find(settings, connected, service, replica, [*program, *words])


def is_postgres(container: Container, image: str = "") -> bool:
    """Whether a container is PostgreSQL: its image says so by its name, or by the variables that it sets.

    Args:
        container: The container.
        image: The image of its service, where the container has none.
    """
    name = (image or container.image).rpartition("/")[2].lower()
    variables = (container.raw.get("Config") or {}).get("Env") or []
    sets = {variable.partition("=")[0] for variable in variables}
    return any(word in name for word in _FAMILY) or bool(sets & {"PGDATA", "POSTGRESQL_VOLUME_DIR"})


def _images(settings: Settings, connected: Runtime) -> dict[str, str]:
    """The image of each service, as the compose files name it."""
    from upready.stack import model

    stack, _ = current.current(settings, connected)
    return {name: service.image for name, service in model.load(stack).every.items()}
