"""Bring a stack up: check → `.env` → ports → build → start → wait until every service is ready."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from upready.data import versions
from upready.operations import build, consent, displaced, exclusive, preflight
from upready.operations.launch_options import Options, Show
from upready.readiness import one_look, wait
from upready.readiness.health import Health, Report
from upready.readiness.start_thread import Start
from upready.runtime import choice, memory
from upready.runtime.attempt import Attempt
from upready.runtime.interface import Runtime
from upready.stack import revision
from upready.stack.model import Model, Service
from upready.stack.selection import Stack
from upready.stack.settings import DOCKER, ENGINES, Settings
from upready.support import state
from upready.support.errors import OpsError

if TYPE_CHECKING:
    from upready.diagnosis import Failure
    from upready.runtime.docker.build_names import Names
    from upready.schemas import running


@dataclass(frozen=True)
class Launch:
    """How a launch ended.

    Attributes:
        stack: What was launched.
        report: The services at the end.
        ready_in: Seconds from the start of the containers until every service was ready, or until the end.
        urls: What to open.
        failures: Why services are not ready; empty when all are.
        error: What the task ends with; None when every service is ready.
        continues: Services that compose still starts, in the background, once what they depend on is ready.
        backup: The file of the backup that was made before migrations; empty where none was.
    """

    stack: Stack
    report: Report
    ready_in: float
    urls: dict[str, str]
    failures: list[Failure] = field(default_factory=list)
    error: OpsError | None = None
    continues: list[str] = field(default_factory=list)
    backup: str = ""

    def as_dict(self) -> running.Launch:
        """The JSON document of `dev` and `prod`."""
        # Cast, since a type that is extended might have other fields of these names.
        content = cast(
            "running.Launch",
            {
                **self.report.as_dict(),
                "ready_in": round(self.ready_in, 3),
                "urls": self.urls,
                "release": self.stack.variables.get(revision.VARIABLE),
                "failures": [each.as_dict() for each in self.failures],
                "continues": self.continues,
            },
        )
        if self.backup:
            content["backup"] = self.backup
        if self.error:
            content["error"] = self.error.as_dict()
        return content


def launch(settings: Settings, environment: str, options: Options, show: Show) -> Launch:
    """Bring an environment's stack up and wait until every service is ready.

    Services that do not become ready are told in the result's `failures` and `error`; what goes wrong before any
    container is started is raised.

    Raises:
        OpsError: One of its kinds, whose class says which step failed.
    """
    with exclusive.hold(settings.root, task := f"invoke {environment}", options.lock_wait):
        connected, merged = prepare(settings, environment, options, show)
        with exclusive.on_engine(connected, merged.stack.project, task, options.lock_wait) as was_cut_off:
            if was_cut_off:
                from upready.operations import restore_remains

                restore_remains.look(settings, connected, show.warn)
            displaced.remove(connected, settings, merged, show.step)
            show.step("start")
            return start(connected, merged, show)


def prepare(
    settings: Settings, environment: str, options: Options, show: Show, names: Names | None = None
) -> tuple[Runtime, Model]:
    """Whatever comes before the start: choose where it runs, check everything, build. The lock must be held.

    `names` gets the names of the images that were built.

    Raises:
        OpsError: One of its kinds, whose class says which step failed.
    """
    asked = preflight.ask(settings, environment, options.profiles, options.timeout)
    connected = choice.choose(settings, environment, show.step, options.adopt)
    stack = asked.stack()
    if choice.is_swarm(connected):
        connected.accepted = options.accept
    consent.to_end_release(connected, stack.project, environment, show)
    preflight.write_values(settings, stack, show.step, None if options.yes else show.confirm)
    # Where a user may have been asked something meanwhile, the files may have changed.
    merged = preflight.examine(connected, stack, show.warn, merge=asked.merge if connected.local else None)
    if choice.is_swarm(connected):
        connected.check(merged, show.warn)
    versions.check(connected, merged, [each for each in merged.wanted if not each.built])
    if connected.name in ENGINES:
        build.provide(connected, merged, options, show, names)
        versions.check(connected, merged, [each for each in merged.wanted if each.built or options.pull])
    elif unheard := options.unheard():
        show.warn(unheard)
    memory.remember(settings, connected, environment, [each.name for each in merged.wanted])
    return connected, merged


def start(connected: Runtime, merged: Model, show: Show, then: Callable[[Attempt], None] | None = None) -> Launch:
    """Start the containers of a stack whose images are there, and wait until every service is ready.

    `then` is called once they are started.

    Raises:
        EngineError: The engine went away.
    """

    def up(attempt: Attempt) -> None:
        connected.start(merged, attempt)
        if then is not None and not attempt.ending.is_set():
            then(attempt)

    return until_ready(connected, merged, merged.wanted, up, show, go_on=connected.name == DOCKER)


def until_ready(
    connected: Runtime,
    merged: Model,
    services: Sequence[Service],
    begin: Start | None,
    show: Show,
    *,
    go_on: bool = False,
    superseded: Callable[[], bool] | None = None,
) -> Launch:
    """Start containers, wait for their services, and gather how it ended.

    Args:
        connected: Where they run.
        merged: The model that they are part of.
        services: The services that are waited for.
        begin: Starts them; None where they are only waited for.
        show: Told of what happens.
        go_on: Whether compose goes on in the background with what still waits to be started when the wait ends.
        superseded: Whether the wait has become useless.

    Raises:
        EngineError: The engine went away.
        SupersededError: The wait has become useless.
    """
    stack = merged.stack

    def find_permanent(health: Health) -> tuple[str, str] | None:
        from upready.diagnosis import permanent

        return permanent.judge(connected, merged, health)

    gate = wait.Waiter(
        connected, stack.project, services, show.health, show.live, show.warn, find_permanent, superseded
    )
    outcome = gate.wait(stack.timeout, begin)
    # Where the engine spoke first, the service has not been asked yet; its answer tells what it lacks.
    services_now = one_look.answered(connected, services, outcome.services) if outcome.ready else outcome.services
    report = Report(stack.project, stack.environment, tuple(services_now), connected.name)
    if outcome.ready:
        return Launch(stack, report, outcome.seconds, merged.urls(local=connected.local))
    # What explains failures takes 30 ms to import, which most launches can do without.
    from upready import diagnosis

    told = diagnosis.explain(
        connected, merged, services_now, error=outcome.error, refusals=outcome.refusals, timed_out=outcome.timed_out
    )
    error = diagnosis.error(told, services_now, outcome.error, stack.timeout if outcome.timed_out else None)
    continues = _go_on(stack, services, outcome) if go_on else []
    return Launch(stack, report, outcome.seconds, merged.urls(local=connected.local), told, error, continues)


def _go_on(stack: Stack, services: Sequence[Service], outcome: wait.Outcome) -> list[str]:
    """Let compose go on with the services that may still be started; returns these."""
    from upready.runtime.docker import continuation

    if outcome.error is not None and not outcome.timed_out:
        return []
    names = wait.unstarted(services, outcome.services)
    if names:
        continuation.begin(stack, state.make(stack.root), names, made=outcome.made)
    return names
