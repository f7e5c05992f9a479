"""Bring a stack up: check → `.env` → ports → build → start → wait until every service is ready."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from upready import dotenv
from upready.operations import exclusive, preflight
from upready.readiness import one_look, unstarted, wait
from upready.readiness.health import Health, Report
from upready.readiness.start_thread import Start
from upready.runtime import choice, ports, resources
from upready.runtime.attempt import Attempt
from upready.runtime.docker import build, engine
from upready.runtime.docker.build import Progress, Step
from upready.runtime.interface import Runtime
from upready.stack import compose, compose_call, model, revision
from upready.stack import selection as stacks
from upready.stack.model import Model, Service
from upready.stack.selection import Stack
from upready.stack.settings import DOCKER, Settings
from upready.support import files, state
from upready.support.errors import EnvFileError, OpsError, StartError

if TYPE_CHECKING:
    from upready.diagnosis import Failure


@dataclass(frozen=True)
class Options:
    """What a user asked of `invoke dev` or `invoke prod`.

    Attributes:
        profiles: Instead of the environment's own.
        build: Whether images are built first.
        no_cache: Build every step again.
        pull: Ask the registry for newer images.
        timeout: Seconds until every service must be ready, instead of the environment's.
        adopt: Whether containers of another folder that may be this one count as this one's.
    """

    profiles: tuple[str, ...] = ()
    build: bool = True
    no_cache: bool = False
    pull: bool = False
    timeout: float | None = None
    adopt: bool = False


class Show(Protocol):
    """Who is told of what happens, as it happens; `upready.report.launch` shows it."""

    @property
    def live(self) -> bool:
        """Whether there is a live view, which shows the services' last log lines too."""

    def step(self, text: str) -> None:
        """A new step begins."""

    def warn(self, text: str) -> None:
        """Something that does not stop the launch."""

    def build(self, progress: Progress, step: Step | None, line: str) -> None:
        """A build has printed a line."""

    def health(self, services: Sequence[Health]) -> None:
        """The state of the services has changed."""


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
    """

    stack: Stack
    report: Report
    ready_in: float
    urls: dict[str, str]
    failures: list[Failure] = field(default_factory=list)
    error: OpsError | None = None
    continues: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The JSON document of `dev` and `prod`."""
        content = {
            **self.report.as_dict(),
            "ready_in": round(self.ready_in, 3),
            "urls": self.urls,
            "release": self.stack.variables.get(revision.VARIABLE),
            "failures": [each.as_dict() for each in self.failures],
            "continues": self.continues,
        }
        return {**content, "error": self.error.as_dict()} if self.error else content


def launch(settings: Settings, environment: str, options: Options, show: Show) -> Launch:
    """Bring an environment's stack up and wait until every service is ready.

    Services that do not become ready are told in the result's `failures` and `error`; what goes wrong before any
    container is started is raised.

    Raises:
        OpsError: One of its kinds, whose class says which step failed.
    """
    with exclusive.hold(settings.root, f"invoke {environment}"):
        connected, merged = prepare(settings, environment, options, show)
        show.step("start")
        return start(connected, merged, show)


def prepare(settings: Settings, environment: str, options: Options, show: Show) -> tuple[Runtime, Model]:
    """Whatever comes before the start: choose where it runs, check everything, build. The lock must be held.

    Raises:
        OpsError: One of its kinds, whose class says which step failed.
    """
    with ThreadPoolExecutor(1) as pool:
        selected = stacks.select(settings, environment, options.profiles, options.timeout)
        stack = revision.stamp(selected, revision.describe(settings.root))
        connected = choice.choose(settings, environment, show.step, options.adopt)
        write_values(stack, show)
        # Compose reads the files while `.env` is checked, whose errors come first.
        merging = pool.submit(model.load, stack)
        check_values(stack, show)
        merged = merging.result()
        preflight.check(merged, show.warn)
        merged = connected.fit(merged, show.warn)
        connected.tidy(stack.project)
        ports.check(connected, merged)
        if isinstance(connected, engine.Engine):
            asked = connected
            resources.check(merged, lambda: asked.capacity[0])
        if connected.name == DOCKER:
            _images(connected, merged, options, show)
        elif options.no_cache or options.pull:
            show.warn("nothing is built or pulled without an engine: --no-cache and --pull mean nothing here")
        choice.remember(settings, connected, environment, [each.name for each in merged.wanted])
        return connected, merged


def write_values(stack: Stack, show: Show) -> None:
    """Write `.env` where it is missing and the environment is not strict.

    Raises:
        EnvFileError: It is missing in a strict environment.
    """
    if stack.reads_env and files.there(stack.example) and not files.there(stack.env_file):
        if stack.strict:
            raise EnvFileError(
                f".env is missing, and {stack.environment} writes none for you",
                next="invoke env.init, then set what it asks for",
            )
        made = dotenv.initialise(stack, ask=None)
        show.step(f".env written from {stack.example.name}; generated: {', '.join(made) or 'nothing'}")


def check_values(stack: Stack, show: Show) -> None:
    """Check `.env`, and warn of what is odd about it, in few words.

    Raises:
        EnvFileError: It is invalid.
    """
    findings = dotenv.check(stack)
    wrong = [each for each in findings if each.severity == "error"]
    for line in dotenv.brief(findings, f"invoke env.check --env {stack.environment}"):
        show.warn(line)
    if wrong:
        # What is only missing, and has a default or can be generated, is added by a command.
        added = all(each.check == "missing" and each.fix.startswith("invoke env.init") for each in wrong)
        raise EnvFileError(
            f".env is not valid for {stack.environment}: {wrong[0]}",
            details=[str(each) for each in wrong[1:]],
            next=f"invoke env.{'init' if added else 'check'} --env {stack.environment}",
        )


def start(connected: Runtime, merged: Model, show: Show) -> Launch:
    """Start the containers of a stack whose images are there, and wait until every service is ready.

    Raises:
        EngineError: The engine went away.
    """

    def up(attempt: Attempt) -> None:
        connected.start(merged, attempt)

    return until_ready(connected, merged, merged.wanted, up, show, go_on=connected.name == DOCKER)


def until_ready(
    connected: Runtime,
    merged: Model,
    services: Sequence[Service],
    begin: Start,
    show: Show,
    *,
    go_on: bool = False,
) -> Launch:
    """Start containers, wait for their services, and gather how it ended.

    Args:
        connected: Where they run.
        merged: The model that they are part of.
        services: The services that are waited for.
        begin: Starts them.
        show: Told of what happens.
        go_on: Whether compose goes on in the background with what still waits to be started when the wait ends.
    """
    stack = merged.stack

    def find_permanent(health: Health) -> tuple[str, str] | None:
        from upready.diagnosis import permanent

        return permanent.judge(connected, merged, health)

    gate = wait.Waiter(connected, stack.project, services, show.health, show.live, show.warn, find_permanent)
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
    names = unstarted.find(services, outcome.services)
    if names:
        continuation.begin(stack, state.make(stack.root), names, made=outcome.made)
    return names


def build_images(
    settings: Settings, environment: str, services: Sequence[str], *, no_cache: bool, pull: bool, show: Show
) -> None:
    """Build the images of an environment, of every profile or of some services, and start nothing.

    Raises:
        UsageError: There is no such service.
        BuildError: An image did not build.
    """
    stack = revision.stamp(stacks.select(settings, environment), revision.describe(settings.root))
    merged = model.load_all(stack)
    for name in services:
        merged.service(name)
    connected = engine.connect()
    show.step("build")
    build.run(
        merged,
        services=services,
        no_cache=no_cache,
        pull=pull,
        watch=show.build,
        engine=connected,
    )


def _images(connected: Runtime, merged: Model, options: Options, show: Show) -> None:
    """Build and pull the images that an engine is to run, as far as that is asked for."""
    asked = connected if isinstance(connected, engine.Engine) else None
    if options.build:
        show.step("build")
        build.run(merged, no_cache=options.no_cache, pull=options.pull, watch=show.build, engine=asked)
    if options.pull:
        show.step("pull")
        _pull(merged.stack, asked)


def _pull(stack: Stack, asked: engine.Engine | None) -> None:
    line = compose.command(stack, "pull", "--ignore-buildable", "--quiet")
    result = compose_call.run(
        line, asked, cwd=stack.root, env=stack.variables, running=["the engine may still fetch images"]
    )
    if result.code:
        raise compose_call.failed(compose.failure(result.stderr, StartError), result.stderr, asked)
