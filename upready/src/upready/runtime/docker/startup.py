"""Start existing containers, each service when the conditions of its `depends_on` hold.

Compose starts each of them (`up --no-deps`), with everything that it does at a start: secrets, configs, hooks. The
order is decided here, because compose looks only twice a second whether a dependency is healthy, uses only the engine's
own health check, and gives up on every service once one fails.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from upready.runtime.attempt import Attempt
from upready.runtime.interface import Container
from upready.runtime.startup_order import LOOK_EVERY
from upready.stack.model import Service
from upready.support import background
from upready.support.errors import EngineError, OpsError, StartError
from upready.support.next_step import AGAIN

if TYPE_CHECKING:
    from upready.runtime.docker.engine import Engine

HOOKS = ("pre_start", "post_start")
"""Keys that make a start slow, or let it fail by itself: such a service gets a call of its own."""

Begin = Callable[[Sequence[str]], None]
"""Starts services that may start together; raises compose's error."""


def start(
    connected: Engine,
    services: Sequence[Service],
    containers: Sequence[Container],
    begin: Begin,
    attempt: Attempt,
    *,
    anew: bool = False,
) -> None:
    """Start services in the order of `depends_on`.

    A service whose dependency fails goes on waiting: the dependency may recover, and the watching thread ends the
    attempt. A service that compose refuses is passed to `attempt.refuse`; only services that depend on it are not
    started.

    Args:
        connected: The engine.
        services: The services that are wanted.
        containers: All containers of the project, before the start.
        begin: Starts some services.
        attempt: Says whether the start is still wanted.
        anew: Whether services that run are started again too.

    Raises:
        EngineError: The engine does not answer.
    """
    found = {service.name: [each for each in containers if each.service == service.name] for service in services}
    stage = _Stage(connected, {each.name: each for each in services}, found, attempt, strict=not anew)
    left = {name for name, replicas in found.items() if anew or any(not _runs(each) for each in replicas)}
    stage.begun = {name for name in found if name not in left}
    under_way: dict[Future[list[str]], list[str]] = {}
    with ThreadPoolExecutor(max(1, len(services))) as pool:
        while (left or under_way) and not attempt.ending.is_set():
            for group in _groups([stage.services[name] for name in sorted(left) if stage.may_start(name)]):
                left -= {*group}
                under_way[pool.submit(_bring_up, group, begin, attempt)] = group
            left -= stage.refused
            for each in wait(under_way, timeout=LOOK_EVERY, return_when=FIRST_COMPLETED).done:
                group = under_way.pop(each)
                stage.refused |= (refused := {*each.result()})
                stage.begun |= {*group} - refused
            if not under_way:
                attempt.ending.wait(LOOK_EVERY)
    for each in under_way:
        each.result()


def _groups(services: Sequence[Service]) -> list[list[str]]:
    """The services that may start now, grouped by calls: one call for all, and one for each service with hooks."""
    together = [each.name for each in services if not any(each.config.get(hook) for hook in HOOKS)]
    alone = [[each.name] for each in services if each.name not in together]
    return [*([together] if together else []), *alone]


def _bring_up(group: Sequence[str], begin: Begin, attempt: Attempt) -> list[str]:
    """Start some services; returns those that are refused."""
    try:
        begin(group)
    except EngineError:
        raise
    except OpsError as error:
        if len(group) > 1:
            # Compose gives up on all of them once it cannot start one.
            return [name for each in group for name in _bring_up([each], begin, attempt)]
        if not attempt.ending.is_set():
            attempt.refuse(group[0], error)
        return list(group)
    return []


@dataclass
class _Stage:
    """The progress of the start.

    Attributes:
        strict: Whether it is an error to wait for the health of a service without a health check, as in compose.
        begun: Services that have been started, or ran before.
        refused: Services that could not be started.
    """

    connected: Engine
    services: dict[str, Service]
    containers: dict[str, list[Container]]
    attempt: Attempt
    strict: bool
    begun: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    _looks: dict[str, tuple[float, list[Container | None]]] = field(default_factory=dict)

    def may_start(self, name: str) -> bool:
        """Whether all conditions of a service's `depends_on` hold."""
        return all(
            self._reached(name, other, condition)
            for other, condition in self.services[name].depends_on.items()
            # Nobody waits for a service of a profile that is off, or without replicas.
            if other in self.services
        )

    def _reached(self, name: str, other: str, condition: str) -> bool:
        """Whether a condition of the first service about the other one holds."""
        required = (self.services[name].config.get("depends_on") or {}).get(other, {}).get("required", True)
        if other in self.refused:
            return not required
        # A container from an earlier start says nothing.
        found = self._look(other) if other in self.begun else []
        if not found:
            return False
        if condition == "service_healthy" and not self._can_be_healthy(other, found):
            if required and self.strict:
                self._refuse(name, other)
            return not (required and self.strict) and all(each and each.state == "running" for each in found)
        if all(each is not None and self._meets(each, condition) for each in found):
            return True
        return not required and any(each is not None and _failed(each, condition) for each in found)

    def _look(self, name: str) -> list[Container | None]:
        """The containers of a service as they are now; however many depend on it, the engine is asked once."""
        asked, found = self._looks.get(name, (0.0, []))
        if time.monotonic() - asked > LOOK_EVERY:
            identifiers = [each.id for each in self.containers[name]]
            look = partial(lambda ids: [self.connected.inspect(each) for each in ids], identifiers)
            found = background.until_cancelled(self.attempt.ending, look) or []
            self._looks[name] = time.monotonic(), found
        return found

    def _meets(self, container: Container, condition: str) -> bool:
        """Whether a container meets one of compose's conditions; ready counts as healthy."""
        if condition == "service_completed_successfully":
            return container.state == "exited" and container.exit_code == 0
        if condition == "service_healthy":
            return container.state == "running" and (container.health == "healthy" or self.attempt.ready(container))
        return container.state != "created"

    def _can_be_healthy(self, name: str, found: Sequence[Container | None]) -> bool:
        return bool(self.services[name].probe_url) or all(
            each is None or each.state != "running" or each.health for each in found
        )

    def _refuse(self, name: str, other: str) -> None:
        self.refused.add(name)
        self.attempt.refuse(
            name,
            StartError(
                f"{name} waits until {other} is healthy, but {other} has no health check",
                next=f"give {other} a healthcheck, or let {name} wait for condition: service_started, then: {AGAIN}",
            ),
        )


def _runs(container: Container) -> bool:
    return container.state in ("running", "paused", "restarting")


def _failed(container: Container, condition: str) -> bool:
    """Whether a container has failed one of compose's conditions: nobody waits for an optional dependency then."""
    if condition == "service_healthy":
        return container.state in ("exited", "dead") or container.health == "unhealthy"
    return container.state in ("exited", "dead") and container.exit_code != 0
