"""Find the current project's name and its containers, however they were started."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from upready.runtime import last_used
from upready.runtime.interface import Container, Runtime
from upready.stack import selection as stacks
from upready.stack.selection import Stack
from upready.stack.settings import RELEASED, Settings
from upready.support.errors import OpsError

if TYPE_CHECKING:
    from upready.stack.model import Model, Service

_OLDEST = datetime.min.replace(tzinfo=UTC)
"""When a container was made of which nobody knows."""


def name(settings: Settings, *, somehow: bool = False) -> str:
    """The project's name, found without reading any compose model, so that a broken `.env` does not hide it.

    Args:
        settings: The project's.
        somehow: Whether a name is needed even if `.env` or a compose file cannot be read: then the remembered name, or
            the name without these files.

    Raises:
        EnvFileError: `.env` cannot be read.
        UsageError: A compose file cannot be read.
    """
    try:
        return stacks.name_of(settings)
    except (OSError, OpsError):
        if not somehow:
            raise
    if known := last_used.recall(settings.root).project:
        return known
    with contextlib.suppress(OpsError):
        return stacks.name_of(settings, values=False)
    return stacks.project_name(settings.seen or settings.root, (), ())


def running_environment(settings: Settings, containers: Sequence[Container]) -> str | None:
    """The environment that a project's containers were started with.

    A release's label tells it; else compose's, which names their files. Those that were made last count: a service that
    only the environment before has may still run.
    """
    for container in sorted(containers, key=lambda each: each.created or _OLDEST, reverse=True):
        if container.environment in settings.environments:
            return container.environment
        used = [Path(file).name for file in container.files]
        for environment in settings.environments.values():
            # By name, not by path: the project may have been moved, or started from another machine.
            if used == [Path(file).name for file in environment.files]:
                return environment.name
    return None


def released_environment(settings: Settings, containers: Sequence[Container]) -> str:
    """The environment of a project's releases, whatever runs of it now.

    Where `invoke.yaml` has none of its name, it is the one that runs, else the first one.
    """
    if RELEASED in settings.environments:
        return RELEASED
    return running_environment(settings, containers) or settings.default


def current(settings: Settings, connected: Runtime) -> tuple[Stack, list[Container]]:
    """The stack as it was last started, and its containers; the first environment if nothing was started.

    Raises:
        EngineError: The engine does not answer.
    """
    containers = connected.containers(name(settings))
    environment = running_environment(settings, containers) or settings.default
    latest = max(containers, key=lambda each: each.started.timestamp() if each.started else 0.0, default=None)
    return stacks.select(settings, environment, latest.profiles if latest else ()), containers


def services_of(model: Model, containers: Iterable[Container]) -> list[Service]:
    """The services of a project's containers, and the services that these depend on."""
    every = model.every
    names: set[str] = set()
    left = [container.service for container in containers]
    while left:
        name = left.pop()
        if name in every and name not in names:
            names.add(name)
            required = every[name].config.get("depends_on") or {}
            left += [other for other, how in required.items() if how.get("required", True)]
    return [every[name] for name in sorted(names)]
