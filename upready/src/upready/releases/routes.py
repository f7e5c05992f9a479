"""Where the edge sends the requests of each service: to containers by their ids, never to whatever has its name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from upready.releases import retire
from upready.runtime.attempt import Attempt
from upready.runtime.docker import edge
from upready.runtime.docker.containers import Containers
from upready.runtime.docker.edge import Edge, EdgeError, Route
from upready.runtime.interface import Container, Note, silent
from upready.stack.model import Model, Service
from upready.support.errors import EngineError, OpsError

LOOK_EVERY = 0.25
"""Seconds between two looks at whether the edge has been started anew, or which containers are ready."""

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


@contextmanager
def following(
    engine: Containers, model: Model, but: Collection[str] = (), tell: Note = silent
) -> Iterator[Callable[[Attempt], None]]:
    """Send the requests of every service to its containers as these become ready, from the block's call until its end.

    What the edge has kept of an earlier start may name containers that are gone. Whatever it names and runs stays. In
    the end a service of which nothing is ready has its requests sent to all that runs of it: it may be ready later.

    Args:
        engine: Where they run.
        model: The services.
        but: The ids of containers that get no requests: they failed, and were allowed to.
        tell: Told of what was wrong.
    """
    over, follower = threading.Event(), _Follower(engine, model, but, tell)

    def begin(attempt: Attempt) -> None:
        follower.ready = attempt.ready
        thread = threading.Thread(target=follower.run, args=(over,), name="routes", daemon=True)
        threads.append(thread)
        thread.start()

    threads: list[threading.Thread] = []
    try:
        yield begin
    finally:
        over.set()
        for each in threads:
            each.join(PATIENCE)
    follower.point(last=True)


@dataclass
class _Follower:
    """Sends requests to what is ready; the attributes are the arguments of `following`."""

    engine: Containers
    model: Model
    but: Collection[str]
    tell: Note
    ready: Callable[[Container], bool] = lambda _: False
    whole: bool = False

    def run(self, over: threading.Event) -> None:
        """Look again and again, until all that run are served."""
        with suppress(EngineError):  # whoever waits for the start tells it
            while not self.whole and not over.is_set():
                self.point()
                over.wait(0.0 if self.whole else LOOK_EVERY)

    def point(self, *, last: bool = False) -> None:
        """Look once."""
        if self.whole:
            return
        found = self.engine.containers(self.model.stack.project)
        there = [each for each in found if each.id not in self.but and each.state == "running"]
        served = [
            self._serve(service, own, last=last)
            for service in self.model.wanted
            if service.ops.get("edge") and (own := [each for each in there if each.service == service.name])
        ]
        self.whole = all(served)

    def _serve(self, service: Service, own: Sequence[Container], *, last: bool) -> bool:
        """Send requests to those of a service's containers that are ready; returns whether all of them are."""
        try:
            if (found := edge_of(self.engine, self.model.stack.project, service)) is None:
                return True
            route = found.route(service)
            serving = [each.id for each in own if each.id[:12] in route.hosts or self._is_ready(each)]
            serving = serving or [each.id for each in own if last]
            if serving and not _leads_to(route, serving):
                _tell(route, service, self.tell)
                found.switch(service, serving)
        except EdgeError:  # it does not run yet; one that never does is told by the wait for it
            return False
        return len(serving) == len(own)

    def _is_ready(self, container: Container) -> bool:
        return container.health in ("", "healthy") or self.ready(container)


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
