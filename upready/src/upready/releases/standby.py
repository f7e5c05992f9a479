"""New containers that are made while the old ones serve, and started when these are gone.

A service that is stopped first is then away for the end of the old ones and the start of the new ones, and not for as
long as compose takes to read the files and to make a container.
"""

from __future__ import annotations

from collections.abc import Sequence

from upready.releases import plan, retire
from upready.runtime.attempt import Attempt
from upready.runtime.docker import edge
from upready.runtime.docker.containers import Containers
from upready.runtime.interface import Container
from upready.stack.model import Model, Service
from upready.support.errors import EngineError


def make(engine: Containers, model: Model, service: Service, old: Sequence[Container]) -> list[Container]:
    """Have compose make the new containers of a service, and start none.

    Args:
        engine: Where they are to run.
        model: The model that they are part of.
        service: The service.
        old: Its containers that are there.

    Returns:
        The new ones; none where only compose can put them in the place of the old ones.

    Raises:
        OpsError: They cannot be made; those that were are removed again.
    """
    if not old or not _is_possible(model, service, old):
        return []
    scale = f"{service.name}={len(old) + service.replicas}"
    try:
        engine.make(model.stack, "--no-deps", "--no-recreate", "--scale", scale, service.name)
    except BaseException:  # also Ctrl-C
        remove(engine, _made(engine, model, service, old))
        raise
    return _made(engine, model, service, old)


def begin(
    engine: Containers, old: Sequence[Container], made: Sequence[Container], kept: list[str] | None, attempt: Attempt
) -> None:
    """Stop the old containers and remove or keep them, and start the new ones.

    Args:
        engine: Where they are.
        old: The old ones.
        made: The new ones.
        kept: Where the old ones are to be kept for their logs: their names are added here.
        attempt: The start; it warns, and may have been ended.

    Raises:
        OpsError: One was not started.
    """
    if kept is None:
        retire.retire(engine, old, retire.NONE, attempt.warn)
    else:
        kept += retire.keep(engine, old)
    for each in made:
        if not attempt.ending.is_set():
            retire.begin(engine, each)


def remove(engine: Containers, made: Sequence[Container]) -> None:
    """Remove new containers that are not needed; an engine that has gone leaves them to the next task."""
    try:
        retire.retire(engine, made)
    except EngineError:
        return


def _made(engine: Containers, model: Model, service: Service, old: Sequence[Container]) -> list[Container]:
    known = {each.id for each in old}
    return [
        each for each in engine.containers(model.stack.project) if each.service == service.name and each.id not in known
    ]


def _is_possible(model: Model, service: Service, old: Sequence[Container]) -> bool:
    """Whether a container can be made beside the old ones: no name, data, hook, or place of the edge is in the way."""
    if _is_filled(model, service):
        return False
    if service.config.get("container_name") or any(service.config.get(each) for each in plan.HOOKS):
        return False
    if any(edge.is_edge(each) for each in old):  # there is one edge, which is told who serves
        return False
    return not plan.own_data(old)


def _is_filled(model: Model, service: Service) -> bool:
    """Whether compose writes secrets or configs into a container at its start: those that come from no file."""
    for section in ("secrets", "configs"):
        known = model.raw.get(section) or {}
        for each in service.config.get(section) or []:
            told = known.get(each.get("source")) or {}
            if told.get("environment") or told.get("content"):
                return True
    return False
