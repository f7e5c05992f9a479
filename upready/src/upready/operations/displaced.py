"""Containers of another environment's services, whose ports the environment that is started needs."""

from __future__ import annotations

from collections.abc import Callable

from upready.runtime import orphans
from upready.runtime.docker.containers import Containers
from upready.runtime.interface import Container, Runtime
from upready.stack.model import Model
from upready.stack.settings import Settings


def remove(engine: Runtime, settings: Settings, merged: Model, tell: Callable[[str], None]) -> None:
    """Remove what only another environment has and what would keep this one from starting; its volumes stay.

    A service that no environment has any more is left alone: nobody knows what it is for.

    Args:
        engine: Where the containers are.
        settings: The project's.
        merged: What is to be started.
        tell: Told of each that is removed, in a sentence.

    Raises:
        EngineError: The engine does not answer.
    """
    if not isinstance(engine, Containers):
        return
    found = in_the_way(engine.containers(merged.stack.project), merged)
    lost = {each.id for each in orphans.among(settings, found)} if found else set()
    for each in found:
        if each.id not in lost:
            tell(f"{each.name} is removed: {merged.stack.environment} has no {each.service}, and needs its port")
            engine.remove(each)


def in_the_way(containers: list[Container], merged: Model) -> list[Container]:
    """Those of a project's containers that are of no service of the model, and have a port that one of it needs."""
    wanted = {
        (number, port.protocol)
        for service in merged.wanted
        for port in (*service.ports, *service.ranges)
        for number in port.numbers
    }
    return [
        each
        for each in containers
        if each.service not in merged.every and any((port[1], port[2]) in wanted for port in each.ports)
    ]
