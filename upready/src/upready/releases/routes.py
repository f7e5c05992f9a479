"""Where the edge sends the requests of each service: to containers by their ids, never to whatever has its name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress

from upready.releases import retire
from upready.runtime.docker import edge
from upready.runtime.docker.containers import Containers
from upready.runtime.docker.edge import Edge, EdgeError, Route
from upready.runtime.interface import Container, Note, silent
from upready.stack.model import Model, Service
from upready.support.errors import EngineError, OpsError

LOOK_EVERY = 0.25
"""Seconds between two looks at whether the edge has been started anew."""

PATIENCE = 15.0
"""Seconds that the edge may take to come back where somebody restarts it during a release."""


def edge_of(engine: Containers, project: str, service: Service, patience: float = 0.0) -> Edge | None:
    """The edge that serves a service; None where nothing does.

    Args:
        engine: Where it runs.
        project: Compose's project name.
        service: The service.
        patience: Seconds that the edge may take to run (again).

    Raises:
        EngineError: The engine does not answer.
    """
    return edge.find(engine, project, patience) if service.ops.get("edge") else None


def wake(engine: Containers, project: str, tell: Note) -> bool:
    """Start the edge of a project where it was stopped; returns whether it can be told who serves.

    Args:
        engine: Where it runs.
        project: Compose's project name.
        tell: Told of one that does not run: nobody serves, and it is told once it runs.
    """
    if (found := edge.find(engine, project)) is None or found.container.state == "running":
        return True
    if found.container.state != "restarting":  # that one ends again and again
        with suppress(EngineError):  # for example, its port is taken
            retire.start(engine, found.container)
        if (now := engine.inspect(found.container.id)) and now.state == "running":
            return True
    tell(f"{found.container.name} does not run: it is told who serves once it does")
    return False


def pin(found: Edge, service: Service, containers: Sequence[Container], tell: Note) -> bool:
    """Send the requests of a service to those of its containers that run, so that a new one gets none yet.

    Returns:
        Whether they went elsewhere before.
    """
    running = _running(containers)
    route = found.route(service)
    if not running or _leads_to(route, running):
        return False
    _tell(route, service, tell)
    found.switch(service, running)
    return True


def hold(found: Edge, service: Service) -> bool:
    """Let the requests of a service wait; returns whether they did not before."""
    if found.route(service).held:
        return False
    found.hold(service)
    return True


class Guard:
    """Looks after the edge while new containers are not to get requests yet: one without its files sends them any.

    Somebody may start it anew meanwhile, with another volume, or the engine may.

    Args:
        engine: Where it runs.
        project: Compose's project name.
    """

    def __init__(self, engine: Containers, project: str) -> None:
        self._engine, self._project = engine, project
        self._kept: dict[str, Callable[[Edge], bool]] = {}
        self._seen: object = None
        self._busy = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def keep(self, service: Service, put: Callable[[Edge], bool]) -> None:
        """Have the requests of a service go where they go now.

        Args:
            service: The service.
            put: Sends them there; returns whether they went elsewhere.
        """
        with self._busy:
            self._kept[service.name], self._seen = put, None
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="edge", daemon=True)
            self._thread.start()

    def release(self, service: Service) -> None:
        """Let them go elsewhere from now on."""
        with self._busy:
            self._kept.pop(service.name, None)

    def close(self) -> None:
        """End it."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        found: Edge | None = None
        while not self._ended.wait(LOOK_EVERY):
            with suppress(OpsError):  # it may not run yet, nor may the engine
                now = self._engine.inspect(found.container.id) if found else None
                if now is None and (found := edge.find(self._engine, self._project)):
                    now = found.container
                if found and now and (now.id, now.started) != self._seen:
                    self._put(found, now)

    def _put(self, found: Edge, now: Container) -> None:
        with self._busy:
            wrong = [put for put in self._kept.values() if put(found)]
            # Looked at again where something was wrong: the edge may have written its own files at the same time.
            self._seen = None if wrong else (now.id, now.started)


def point(engine: Containers, model: Model, but: Collection[str] = ()) -> None:
    """Send the requests of every service to the containers that it has now.

    What the edge has kept of an earlier start may name containers that are gone.

    Args:
        engine: Where they run.
        model: The services.
        but: The ids of containers that get no requests: they failed, and were allowed to.
    """
    containers = [each for each in engine.containers(model.stack.project) if each.id not in but]
    mend(engine, model, containers, silent)


def mend(engine: Containers, model: Model, containers: Sequence[Container], tell: Note) -> None:
    """Send the requests of every service to its containers where they go elsewhere: the edge may have lost its files.

    Args:
        engine: Where they run.
        model: The services.
        containers: Those that are to serve.
        tell: Told of what was wrong.
    """
    for service in model.wanted:
        running = _running([each for each in containers if each.service == service.name])
        # An edge that does not run is told by the wait for it.
        with suppress(EdgeError):
            if running and (found := edge_of(engine, model.stack.project, service)):
                pin(found, service, [each for each in containers if each.service == service.name], tell)


def _leads_to(route: Route, running: Sequence[str]) -> bool:
    return not route.held and set(route.hosts) == {each[:12] for each in running}


def _tell(route: Route, service: Service, tell: Note) -> None:
    if route.held:
        tell(f"the edge let the requests of {service.name} wait: it sends them on again")
    elif route.hosts and route.hosts != (service.name,):
        tell(
            f"the edge sent the requests of {service.name} to {', '.join(route.hosts)}: it sends them to what runs now"
        )
    elif route.hosts:
        tell(f"the edge did not know which container of {service.name} serves: it is told")


def _running(containers: Sequence[Container]) -> list[str]:
    return [each.id for each in containers if each.state == "running"]
