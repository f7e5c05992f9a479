"""PostgreSQL's own client, in the container of the service that is one, with its user and database."""

from __future__ import annotations

from collections.abc import Sequence

from upready.data import kinds, postgres
from upready.operations import execute
from upready.runtime import current
from upready.runtime.interface import Runtime
from upready.stack.settings import ENGINES, Settings


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
        images = {} if connected.name in ENGINES else _images(settings, connected)
        found = {each.service for each in running if kinds.is_postgres(each, images.get(each.service, ""))}
        service = execute.only(found, "psql", "PostgreSQL", next(iter(settings.environments)))
    # Without an engine, the service's variables are psql's own (`PGUSER`), and there may be no sh.
    program = ["sh", "-c", f'{postgres.ENVIRONMENT}exec psql "$@"', "psql"] if connected.name in ENGINES else ["psql"]
    return execute.find(settings, connected, service, replica, [*program, *words])


def _images(settings: Settings, connected: Runtime) -> dict[str, str]:
    """The image of each service, as the compose files name it."""
    from upready.stack import model

    stack, _ = current.current(settings, connected)
    return {name: service.image for name, service in model.load(stack).every.items()}
