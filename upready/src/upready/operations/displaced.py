"""Containers of the project whose ports another service of the environment that is started needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from upready.runtime import orphans
from upready.runtime.docker.containers import Containers
from upready.runtime.interface import Container, Runtime
from upready.stack.model import Model
from upready.stack.settings import DOCKER, Settings


def remove(engine: Runtime, settings: Settings, merged: Model, tell: Callable[[str], None]) -> None:
    """Remove the containers that would keep a service from having its port; their volumes stay.

    So one environment takes the place of another, in which another service has that port.

    Args:
        engine: Where the containers are.
        settings: The project's.
        merged: What is to be started.
        tell: Told of each that is removed, in a sentence.

    Raises:
        EngineError: The engine does not answer.
    """
    for each, reason in find(engine, settings, merged):
        assert isinstance(engine, Containers)  # noqa: S101 - `find` finds nothing elsewhere
        tell(f"{each.name} is removed: {reason}")
        engine.remove(each)


def find(engine: Runtime, settings: Settings, merged: Model) -> list[tuple[Container, str]]:
    """What `remove` would remove, each with the reason in words.

    A service that no environment has any more is left alone: nobody knows what it is for.

    Raises:
        EngineError: The engine does not answer.
    """
    if not isinstance(engine, Containers) or engine.name != DOCKER:
        return []
    found = in_the_way(engine.containers(merged.stack.project), merged)
    others = [each for each, _ in found if each.service not in merged.every]
    lost = {each.id for each in orphans.among(settings, others)} if others else set()
    return [(each, reason) for each, reason in found if each.id not in lost]


def in_the_way(containers: Sequence[Container], merged: Model) -> list[tuple[Container, str]]:
    """Those of a project's containers that have a port of another service, each with the reason in words."""
    wanted = {
        (number, port.protocol): service.name
        for service in merged.wanted
        for port in (*service.ports, *service.ranges)
        for number in port.numbers
    }
    found = []
    for each in containers:
        needs = [(wanted.get((port[1], port[2]), each.service), port[1]) for port in each.ports]
        for service, number in [need for need in needs if need[0] != each.service][:1]:
            found.append((each, f"{service} needs its port {number} in {merged.stack.environment}"))
    return found
