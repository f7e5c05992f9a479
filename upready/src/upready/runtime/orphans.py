"""Containers of a project whose service no compose file names any more; compose leaves them running."""

from __future__ import annotations

from collections.abc import Sequence

from upready.runtime.interface import Container
from upready.stack import compose, compose_call
from upready.stack import selection as stacks
from upready.stack.settings import Settings
from upready.support.errors import OpsError


def among(settings: Settings, containers: Sequence[Container]) -> list[Container]:
    """The orphans among a project's containers.

    There are none if an environment's files cannot be read: the service may be in there.

    Args:
        settings: The project's.
        containers: What there is of it.
    """
    left = {each.service for each in containers if each.folder}
    for environment in settings.environments:
        if not left:
            return []
        known = _services(settings, environment)
        if known is None:
            return []
        left -= known
    return [each for each in containers if each.service in left]


def _services(settings: Settings, environment: str) -> set[str] | None:
    """The services of an environment, of every profile; None if its files cannot be read."""
    try:
        stack = stacks.select(settings, environment)
        result = compose_call.config(compose.whole(stack), "--no-consistency", "--services")
    except (OpsError, OSError):
        return None
    return set(result.stdout.split()) if result.code == 0 else None
