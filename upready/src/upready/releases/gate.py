"""Whether the new containers of a service are ready, and stay so for as long as its `monitor` says.

They are judged alone. Those of the old version may be sick: that may be why there is a new one.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from upready.readiness import wait
from upready.readiness.health import Health
from upready.readiness.start_thread import Start
from upready.runtime.docker.containers import Changes, Containers
from upready.runtime.interface import Container, Note, Runtime
from upready.stack.model import Model, Service
from upready.support import units
from upready.support.errors import OpsError, UnhealthyError

if TYPE_CHECKING:
    from upready.diagnosis import Failure

LOOK_EVERY = 0.25
"""Seconds between looks at containers that are ready and must stay so."""


class SickError(Exception):
    """New containers are not ready, or did not stay so.

    Attributes:
        error: What went wrong.
        failures: Why, container by container.
        services: Their state at the end.
    """

    def __init__(self, error: OpsError, failures: Sequence[Failure], services: Sequence[Health]) -> None:
        super().__init__(error.message)
        self.error, self.failures, self.services = error, failures, services


class Fresh(Containers):
    """An engine that shows of one service nothing but new containers.

    Args:
        engine: The engine.
        service: The service's name.
        old: The ids of those that are not shown.
    """

    def __init__(self, engine: Containers, service: str, old: Collection[str]) -> None:
        super().__init__(engine.client, engine.heartbeat)
        self._service, self._old = service, frozenset(old)

    def containers(self, project: str) -> list[Container]:
        """The new containers of that service."""
        found = super().containers(project)
        return [each for each in found if each.service == self._service and each.id not in self._old]

    def changes(self, project: str) -> Changes:
        """What happens to any but the old containers."""
        return Fewer(self.events(project), self._old)


class Fewer(Changes):
    """The engine's events, without those of some containers."""

    def __init__(self, stream: object, hidden: Collection[str]) -> None:
        super().__init__(stream)
        self._hidden = hidden

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """See `Changes`."""
        return (each for each in super().__iter__() if each[0] not in self._hidden)


def wait_for(
    engine: Containers,
    model: Model,
    service: Service,
    old: Collection[str],
    begin: Start,
    watch: wait.Watch,
    warn: Note,
) -> list[Container]:
    """Start new containers of a service, and wait until they are ready and have stayed so.

    Args:
        engine: Where they run.
        model: The model that they are part of.
        service: The service; its `replicas` is how many new ones there are to be.
        old: The ids of its other containers.
        begin: Starts them.
        watch: Told of every change.
        warn: Told what compose warns of.

    Returns:
        The new containers.

    Raises:
        SickError: They are not ready in time, or did not stay so.
        EngineError: The engine went away.
    """
    view = Fresh(engine, service.name, old)
    # A probe from outside would ask whoever serves, and that is the old version.
    judged = dataclasses.replace(
        service, ops={key: value for key, value in service.ops.items() if key != "health"}, depends_on={}
    )

    def find_permanent(health: Health) -> tuple[str, str] | None:
        from upready.diagnosis import permanent

        return permanent.judge(view, model, health)

    gate = wait.Waiter(view, model.stack.project, [judged], watch, False, warn, find_permanent)
    outcome = gate.wait(model.stack.timeout, begin)
    if not outcome.ready:
        raise _sick(view, model, outcome)
    made = [each.container for each in outcome.services if each.container]
    if trouble := _unsteady(view, made, monitor(service)):
        outcome.services = wait.Waiter(view, model.stack.project, [judged]).wait(0).services
        outcome.error = UnhealthyError(
            f"{service.name} was ready and did not stay so: {trouble}", next=f"invoke logs --service {service.name}"
        )
        raise _sick(view, model, outcome)
    return made


def monitor(service: Service) -> float:
    """Seconds that new containers must stay ready: `deploy.update_config.monitor`."""
    section = (service.config.get("deploy") or {}).get("update_config") or {}
    return units.parse_duration(str(section.get("monitor") or "0s")) or 0.0


def _unsteady(engine: Runtime, made: list[Container], seconds: float) -> str:
    """What happened to a container within so many seconds that should not have; empty where nothing did."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for each in made:
            now = engine.inspect(each.id)
            if now is None:
                return f"{each.name} was removed"
            if now.state != "running" or now.started != each.started:
                return f"{each.name} ended with exit code {now.exit_code}"
            if now.health == "unhealthy":
                return f"{each.name} became unhealthy"
        time.sleep(LOOK_EVERY)
    return ""


def _sick(engine: Containers, model: Model, outcome: wait.Outcome) -> SickError:
    from upready import diagnosis

    failures = diagnosis.explain(
        engine,
        model,
        outcome.services,
        error=outcome.error,
        refusals=outcome.refusals,
        timed_out=outcome.timed_out,
    )
    within = model.stack.timeout if outcome.timed_out else None
    error = diagnosis.error(failures, outcome.services, outcome.error, within)
    return SickError(error, failures, outcome.services)
