"""Start containers that have been made, each when what its service depends on is as far as it asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from ops import background, order, probe
from ops.model import Service
from ops.runtime import Container
from ops.targets import targets

if TYPE_CHECKING:
    from ops.containers import Containers


def start(
    connected: Containers, services: Sequence[Service], containers: Sequence[Container], cancel: threading.Event
) -> None:
    """Start what does not run, in the order of `depends_on`.

    One whose dependency fails waits on: whoever watches sees why, and sets `cancel`.

    Args:
        connected: The engine.
        services: The services that are wanted.
        containers: All of the project's, as they are before.
        cancel: When set, nothing more is started.

    Raises:
        StartError: The engine refuses to start one.
        EngineError: The engine does not answer.
    """
    every = {
        service.name: _Dependency(connected, service, [each for each in containers if each.service == service.name])
        for service in services
    }

    def begin(name: str, over: threading.Event) -> None:
        for each in every[name].containers:
            if each.state not in ("running", "paused", "restarting"):
                background.unless(over, partial(connected.begin, each))

    def reached(_: str, other: str, condition: str, over: threading.Event) -> bool:
        return every[other].reached(condition, over)

    order.start({service.name: service.depends_on for service in services}, begin, reached, cancel)


@dataclass
class _Dependency:
    """A service that others may wait for; however many do, the engine is asked about it once in `order.LOOK_EVERY`."""

    connected: Containers
    service: Service
    containers: list[Container]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _looked: float = 0.0
    _found: list[Container | None] = field(default_factory=list)

    def reached(self, condition: str, over: threading.Event) -> bool:
        """Whether all its containers meet one of compose's conditions."""
        with self._lock:
            if time.monotonic() - self._looked > order.LOOK_EVERY:
                self._found = background.unless(over, self._look) or []
                self._looked = time.monotonic()
            found = self._found
        return bool(found) and all(each is not None and self._meets(each, condition) for each in found)

    def _look(self) -> list[Container | None]:
        return [self.connected.inspect(each.id) for each in self.containers]

    def _meets(self, container: Container, condition: str) -> bool:
        """What counts as healthy is what counts as ready: the probe's word, or the engine's."""
        if condition == "service_completed_successfully":
            return container.state == "exited" and container.exit_code == 0
        if condition == "service_started":
            return container.state != "created"
        if container.state != "running" or container.health == "healthy":
            return container.state == "running"
        url = targets(self.connected, self.service, [container]).get(container.id)
        return probe.ask(url).ok if url else not container.health
