"""Where the edge sends the requests of each service: to containers by their ids, never to whatever has its name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress

from upready.runtime.docker import edge
from upready.runtime.docker.containers import Containers
from upready.runtime.docker.edge import Edge, EdgeError
from upready.runtime.interface import Container
from upready.stack.model import Model, Service


def edge_of(engine: Containers, project: str, service: Service) -> Edge | None:
    """The edge that serves a service; None where nothing does.

    Raises:
        EngineError: The engine does not answer.
    """
    return edge.find(engine, project) if service.ops.get("edge") else None


def pin(found: Edge, service: Service, containers: Sequence[Container]) -> None:
    """Send the requests of a service to those of its containers that run, so that a new one gets none yet."""
    if not found.upstreams(service) and (running := _running(containers)):
        found.switch(service, running)


def point(engine: Containers, model: Model, but: Collection[str] = ()) -> None:
    """Send the requests of every service to the containers that it has now.

    What the edge has kept of an earlier start may name containers that are gone.

    Args:
        engine: Where they run.
        model: The services.
        but: The ids of containers that get no requests: they failed, and were allowed to.
    """
    containers = [each for each in engine.containers(model.stack.project) if each.id not in but]
    for service in model.wanted:
        found = edge_of(engine, model.stack.project, service)
        running = _running([each for each in containers if each.service == service.name])
        # An edge that does not run is told by the wait for it.
        with suppress(EdgeError):
            if found and running and set(found.upstreams(service)) != {each[:12] for each in running}:
                found.switch(service, running)


def _running(containers: Sequence[Container]) -> list[str]:
    return [each.id for each in containers if each.state == "running"]
