"""PostgreSQL's own client, in the container of the service that is one, with its user and database."""

from __future__ import annotations

from collections.abc import Sequence

from upready.data import kinds, postgres
from upready.operations import execute
from upready.runtime import current
from upready.runtime.interface import Container, Runtime
from upready.stack.settings import ENGINES, Settings
from upready.support.errors import UsageError

NOT_FOUND = 127
"""A shell's exit code, and the engine's, for a program that is not there; psql itself ends with 0 to 3."""


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
        service = execute.only(databases(settings, connected), "psql", "PostgreSQL", next(iter(settings.environments)))
    # Without an engine, the service's variables are psql's own (`PGUSER`), and there may be no sh.
    program = ["sh", "-c", f'{postgres.ENVIRONMENT}exec psql "$@"', "psql"] if connected.name in ENGINES else ["psql"]
    return execute.find(settings, connected, service, replica, [*program, *words])


def databases(settings: Settings, connected: Runtime) -> list[Container]:
    """The containers that are PostgreSQL, those that do not run as well.

    Raises:
        EngineError: The engine does not answer.
    """
    images = {} if connected.name in ENGINES else _images(settings, connected)
    containers = connected.containers(current.name(settings))
    return [each for each in containers if kinds.is_postgres(each, images.get(each.service, ""))]


def run(call: execute.Call) -> int:
    """Run what `find` gave on this terminal; returns psql's exit code.

    Raises:
        UsageError: There is no psql where the service runs.
        OpsError: It could not be run.
    """
    code = call.run()
    if code != NOT_FOUND:
        return code
    running = {each.service for each in databases(call.settings, call.connected) if each.state == "running"}
    others = sorted(running - {call.container.service})
    where = f"invoke psql {others[0]}" if others else f"invoke shell {call.container.service}"
    raise UsageError(f"{call.container.service} has no psql", next=where)


def _images(settings: Settings, connected: Runtime) -> dict[str, str]:
    """The image of each service, as the compose files name it."""
    from upready.stack import model

    stack, _ = current.current(settings, connected)
    return {name: service.image for name, service in model.load(stack).every.items()}
