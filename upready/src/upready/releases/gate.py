"""Whether the new containers of a service are ready, and stay so for as long as its `monitor` says.

They are judged alone. Those of the old version may be sick: that may be why there is a new one.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Collection, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from upready.readiness import wait
from upready.readiness.health import Health, Verdict
from upready.readiness.start_thread import Start
from upready.runtime.attempt import Attempt
from upready.runtime.docker.containers import Changes, Containers
from upready.runtime.interface import Container, Note, Runtime
from upready.stack.model import Model, Service
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
        ready: Those that are ready all the same, where these were waited for.
    """

    def __init__(self, error: OpsError, failures: Sequence[Failure], services: Sequence[Health]) -> None:
        super().__init__(error.message)
        self.error, self.failures, self.services = error, failures, services
        self.ready: list[Container] = []


class Without(Containers):
    """An engine that does not show some containers; a start is that of all.

    Args:
        engine: The engine.
        hidden: The ids of those that are not shown.
    """

    def __init__(self, engine: Containers, hidden: Collection[str]) -> None:
        super().__init__(engine.client, engine.heartbeat)
        self._engine, self._hidden = engine, frozenset(hidden)

    def containers(self, project: str) -> list[Container]:
        """The other containers."""
        return [each for each in super().containers(project) if each.id not in self._hidden]

    def changes(self, project: str) -> Changes:
        """The engine's events of all the others."""
        return Fewer(self.events(project), self._hidden)

    def start(self, model: Model, attempt: Attempt) -> None:
        """Start all of them."""
        self._engine.start(model, attempt)


class Fresh(Without):
    """An engine that shows of one service nothing but new containers.

    Args:
        engine: The engine.
        service: The service's name.
        old: The ids of those that are not shown.
    """

    def __init__(self, engine: Containers, service: str, old: Collection[str]) -> None:
        super().__init__(engine, old)
        self._service = service

    def containers(self, project: str) -> list[Container]:
        """The new containers of that service."""
        return [each for each in super().containers(project) if each.service == self._service]


class Fewer(Changes):
    """The engine's events, without those of some containers."""

    def __init__(self, stream: object, hidden: Collection[str]) -> None:
        super().__init__(stream)
        self._hidden = hidden

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """See `Changes`."""
        return (each for each in super().__iter__() if each[0] not in self._hidden)


@dataclass(frozen=True)
class Gate:
    """The tests that new containers of a service must pass before they get requests.

    Attributes:
        engine: Where they run.
        model: The model that they are part of.
        watch: Told of every change.
        warn: Told what compose warns of, and of a failure that is allowed.
    """

    engine: Containers
    model: Model
    watch: wait.Watch
    warn: Note

    def admit(
        self,
        service: Service,
        old: Collection[str],
        begin: Start,
        seconds: float = 0.0,
        allows: Callable[[int], bool] = lambda _: False,
        *,
        enter: Callable[[list[Container]], None] = lambda _: None,
        patient: bool = False,
    ) -> list[Container]:
        """Start new containers of a service, and wait until they are ready and have stayed so.

        Args:
            service: The service; its `replicas` is how many new ones there are to be.
            old: The ids of its other containers.
            begin: Starts them.
            seconds: How long they must stay ready: the `monitor` of the service.
            allows: Whether so many of them may fail.
            enter: Called with those that are ready, before it is seen whether they stay so.
            patient: Whether the others are waited for after more have failed than are allowed.

        Returns:
            The new containers that are ready: all of them, but for the failures that are allowed.

        Raises:
            SickError: More of them are not ready in time, or did not stay so, than are allowed.
            EngineError: The engine went away.
        """
        hidden, failed, end = set(old), 0, time.monotonic() + self.model.stack.timeout
        start: Start | None = begin
        ready: list[Container] = []
        refused: SickError | None = None
        while failed < service.replicas:
            view = Fresh(self.engine, service.name, hidden)
            found, gone = self._judge(view, service, service.replicas - failed, end, start, seconds, enter)
            if found is None:
                ready = view.containers(self.model.stack.project)
                break
            failed += len(gone)
            if allows(failed):
                self.warn(f"a replica of {service.name} failed, and the release goes on: {found.error.message}")
            elif patient:
                refused = refused or found
            else:
                raise found
            hidden |= {each.container.id for each in gone if each.container}
            start = None
        if refused is not None:
            refused.ready = ready
            raise refused
        return ready

    def _judge(
        self,
        view: Fresh,
        service: Service,
        count: int,
        end: float,
        start: Start | None,
        seconds: float,
        enter: Callable[[list[Container]], None],
    ) -> tuple[SickError | None, list[Health]]:
        """Wait for some containers; returns why not all are ready, and which ones failed."""
        # A probe from outside would ask whoever serves, and that is the old version.
        told = {key: value for key, value in service.ops.items() if key != "health"}
        judged = dataclasses.replace(service, ops=told, depends_on={}, replicas=count)

        def find_permanent(health: Health) -> tuple[str, str] | None:
            from upready.diagnosis import permanent

            return permanent.judge(view, self.model, health)

        project = self.model.stack.project
        waiter = wait.Waiter(view, project, [judged], self.watch, False, self.warn, find_permanent)
        outcome = waiter.wait(max(0.0, end - time.monotonic()), start)
        if outcome.ready:
            made = [each.container for each in outcome.services if each.container]
            enter(made)
            moved, trouble = _unsteady(view, made, seconds)
            if moved is None:
                return None, []
            looked = wait.Waiter(view, project, [judged]).wait(0).services
            # One that was started again may look well now.
            outcome.services = [_failed(each, trouble) if _is(each, moved) else each for each in looked]
            outcome.error = UnhealthyError(
                f"{service.name} was ready and did not stay so: {moved.name} {trouble}",
                next=f"invoke logs --service {service.name}",
            )
            gone = [each for each in outcome.services if each.container is None or _is(each, moved)]
        else:
            lacking = [each for each in outcome.services if each.verdict is not Verdict.READY]
            failed = [each for each in lacking if each.verdict is Verdict.FAILED]
            gone = lacking if outcome.timed_out or not failed else failed
        return sick(view, self.model, outcome), gone


def _unsteady(engine: Runtime, made: list[Container], seconds: float) -> tuple[Container | None, str]:
    """Which container did not stay as it was within so many seconds, and what it did; else none."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for each in made:
            now = engine.inspect(each.id)
            if now is None:
                return each, "was removed"
            if each.state == "exited" and now.started == each.started:
                continue  # a job that is done
            if now.state != "running":
                return each, f"ended with exit code {now.exit_code}"
            if now.started != each.started:  # its exit code is gone
                return each, "ended, and was started again"
            if _has_sickened(each, now):
                return each, "became unhealthy"
        time.sleep(LOOK_EVERY)
    return None, ""


def _is(health: Health, container: Container) -> bool:
    return health.container is not None and health.container.id == container.id


def _failed(health: Health, trouble: str) -> Health:
    """A replica that did not stay ready; what it is now does not count."""
    if health.verdict is Verdict.FAILED:
        return health
    return dataclasses.replace(health, verdict=Verdict.FAILED, reason=trouble, cause="restarting")


def _has_sickened(before: Container, now: Container) -> bool:
    """Whether the engine has found a container unhealthy since it was ready.

    It may have been ready by our own run of its health check, while the engine's last result is from before that.
    """
    return now.health == "unhealthy" and (before.health != "unhealthy" or now.probes != before.probes)


def sick(engine: Containers, model: Model, outcome: wait.Outcome) -> SickError:
    """Why containers are not ready, with the diagnosis."""
    from upready import diagnosis

    failures = diagnosis.explain(
        engine,
        _alone(model, {each.service for each in outcome.services}),
        outcome.services,
        error=outcome.error,
        refusals=outcome.refusals,
        timed_out=outcome.timed_out,
    )
    within = model.stack.timeout if outcome.timed_out else None
    error = diagnosis.error(failures, outcome.services, outcome.error, within)
    return SickError(error, failures, outcome.services)


def _alone(model: Model, names: Set[str]) -> Model:
    """A model in which some services wait for nobody: in a release, what they need runs already."""
    told = {name: dataclasses.replace(each, depends_on={}) for name, each in model.services.items() if name in names}
    return dataclasses.replace(model, services={**model.services, **told})
