"""The native runtime: services as processes of this machine, with the interface of an engine's containers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from upready.runtime.actions import Actions
from upready.runtime.attempt import Attempt
from upready.runtime.interface import Container, Line, Note, Origin, Sample, Stopped, silent
from upready.runtime.native import (
    actions,
    check,
    command,
    container,
    env_mark,
    paths,
    postgres,
    process_tree,
    record,
    service,
    service_order,
    spec,
)
from upready.runtime.native.changes import Changes
from upready.runtime.native.launch_plan import Plan
from upready.runtime.native.log_source import Source
from upready.runtime.native.record import Record
from upready.secrets.secret import MASK
from upready.stack import settings
from upready.stack.model import Model, Service
from upready.stack.selection import Stack
from upready.support import platform
from upready.support.errors import EngineError, OpsError
from upready.support.pipes import Call

FRESH = 1.0
"""Seconds for which a healthy service counts as healthy without another check."""

PATIENCE = 60.0
"""Seconds after its start in which an unhealthy service counts as starting, as with a `start_period`."""


@dataclass
class Native:
    """The services of one project folder as processes.

    Attributes:
        root: The project's folder.
        missing: Why there is no engine; empty if nobody asked.
    """

    root: Path
    missing: str = ""
    name: str = settings.NATIVE
    address: str = "this machine, without an engine"
    local: bool = True
    _planned: Mapping[str, Plan] = field(default_factory=dict)
    _replaced: frozenset[str] = frozenset()
    _healthy: dict[str, float] = field(default_factory=dict)
    _urls: dict[str, str] = field(default_factory=dict)

    def ping(self, timeout: float) -> bool:
        """This machine is always there."""
        return True

    def found(self) -> bool:
        """Whether anything of the project was started here and not stopped, or still runs."""
        return any(service.look(self.root, each) for each in paths.services(self.root)) or self.runs()

    def runs(self) -> bool:
        """Whether any process of the project lives; what has ended, say with the machine, does not count.

        Raises:
            UsageError: Processes live that belong to a folder which had this one's name when it started them.
        """
        looked = (service.look(self.root, each) for each in paths.services(self.root))
        found = any(map(service.runs, looked)) or any(env_mark.find(self.root))
        if found:
            paths.check_own(self.root)
        return found

    def forget(self) -> None:
        """Forget services that have all ended; their data and logs stay."""
        for name in paths.services(self.root):
            with service_order.told_as_failure(name):
                service.stop(self.root, name)

    def containers(self, project: str) -> list[Container]:
        """Every service that was started, and those that are about to be."""
        found = {name: it for name in paths.services(self.root) if (it := service.look(self.root, name))}
        # A service that is about to be started again has not failed, whatever its last run did.
        told = {
            name: container.started(self.root, it, *self._health(it))
            for name, it in found.items()
            if it.run not in self._replaced or name not in self._planned
        }
        planned = {name: container.planned(plan) for name, plan in self._planned.items()}
        return [each for _, each in sorted({**planned, **told}.items())]

    def inspect(self, container: str) -> Container | None:
        """One service's last start, by its id."""
        return next((each for each in self.containers("") if each.id == container), None)

    def changes(self, project: str) -> Changes:
        """What happens from now on."""
        return Changes(lambda: self.containers(project))

    def source(self, project: str, services: Sequence[str] = (), note: Note = silent) -> Source:
        """The logs, from their files."""
        return Source(self.root, services)

    def sample(self, container: Container) -> Sample | None:
        """What all processes of a service have used together."""
        found = service.look(self.root, container.service)
        first = record.alive(self.root, found.process, found.run) if found else None
        return process_tree.sample(first) if first else None

    def owner_of(self, port: int, protocol: str = "tcp", host: str = "") -> tuple[str, str] | None:
        """None: no container publishes ports here."""
        return None

    def tidy(self, project: str) -> None:
        """End services without a record: it was removed, or the supervisor was killed before it wrote it."""
        for name in {found.service for _, found in env_mark.find(self.root)}:
            if service.look(self.root, name) is None:
                with service_order.told_as_failure(name):
                    service.stop(self.root, name)

    def fit(self, model: Model, tell: Note) -> Model:
        """Keep only services that say how they run without an engine, one replica of each."""
        for remark in paths.remarks(self.root):
            tell(remark)
        active = {name: each for name, each in model.services.items() if spec.runs_here(each)}
        for name in sorted(model.services.keys() - active.keys()):
            waiting = sorted(each.name for each in active.values() if name in each.depends_on)
            means = f"; {', '.join(waiting)} will not find it" if waiting else ""
            tell(f"{name} has no x-ops.native and is left out{means}")
        # Services of other profiles too: tasks search for started services among all.
        inactive = {name: each for name, each in model.inactive.items() if spec.runs_here(each)}
        step, problems = (
            "",
            [] if active else ["no service has x-ops.native, which says how it is run without an engine"],
        )
        for each in active.values():
            if each.replicas > 1:
                tell(f"{each.name} runs once here, not {each.replicas} times")
            try:
                if postgres.MODULE in spec.plan(model.stack, each, ()).command:
                    data = paths.of(self.root, each.name) / paths.DATA
                    if remark := postgres.check(data):
                        tell(f"{each.name}: {remark}")
            except EngineError as error:
                problems.append(f"{each.name}: {error.message}")
                step = step or error.next
        if problems:
            details = [*filter(None, [self.missing]), *problems]
            raise EngineError("the stack cannot run on this machine", details=details, next=step or "invoke doctor")
        return replace(model, services=_once(active), inactive=_once(inactive))

    def actions(self, model: Model) -> Actions:
        """What does not run as its plan says would be started, or ended and started again."""
        return actions.find(self.root, model, self._plans())

    def start(self, model: Model, attempt: Attempt) -> None:
        """Start what does not run as its plan says."""
        names = [each.name for each in model.wanted]
        plans = {each.name: spec.plan(model.stack, each, names) for each in model.wanted}
        with self._planning(plans), _begun():
            service_order.start(self.root, plans, attempt.ending)

    def restart(self, model: Model, services: Sequence[str], attempt: Attempt) -> None:
        """Stop services and start them again; their settings are read again, as `.env` may have changed."""
        # The records name all that they wait for, though only they are started: this decides the order of a stop.
        others = [*model.services, *model.inactive]
        plans = {name: spec.plan(model.stack, model.service(name), others) for name in services}
        with self._planning(plans, anew=True), _begun():
            service_order.stop(self.root, plans, cancel=attempt.ending, again=True)
            if not attempt.ending.is_set():
                service_order.start(self.root, plans, attempt.ending)

    def volumes(self, project: str) -> list[str]:
        """The folders that hold data."""
        return [str(each) for each in paths.data(self.root)]

    def origins(self, project: str) -> list[Origin]:
        """Always this folder."""
        return []

    def present(self, project: str, *, data: bool = False) -> Stopped:
        """Everything that runs, also processes that a killed task left without a record."""
        names = [f"{project}-{name}-1" for name in self._plans()]
        return Stopped(project, names, [], self.volumes(project) if data else [])

    def stop(
        self,
        project: str,
        *,
        data: bool = False,
        grace: float | None = None,
        stacks: Sequence[Stack] = (),
        tell: Note = silent,
    ) -> Stopped:
        """Stop everything that runs; the records say how it was started."""
        gone = self.present(project, data=data)
        service_order.stop(self.root, self._plans(), grace)
        if data:
            for name in paths.services(self.root):
                with service_order.told_as_failure(name):
                    service.remove_data(self.root, name)
            with contextlib.suppress(OSError):  # there is none, or something is left in it
                paths.native(self.root).rmdir()
        return gone

    def command(self, project: str, container: Container, words: Sequence[str], stack: Callable[[], Stack]) -> Line:
        """The command itself, by the path of its program."""
        words, folder, environment = self._call(container, words, stack)
        return [command.find(words[0], folder, environment), *words[1:]], folder

    def piped(self, project: str, container: Container, words: Sequence[str], stack: Callable[[], Stack]) -> Call:
        """The same, with a service's variables."""
        return command.call(*self._call(container, words, stack))

    def execute(self, project: str, container: Container, words: Sequence[str], stack: Callable[[], Stack]) -> int:
        """Run a command with a service's variables, in its folder."""
        return command.run(*self._call(container, words, stack))

    def _call(
        self, container: Container, words: Sequence[str], stack: Callable[[], Stack]
    ) -> tuple[Sequence[str], Path, dict[str, str]]:
        """A command, its folder and its variables."""
        from upready.stack import model

        started = stack()
        plan = spec.plan(started, model.load(started).service(container.service), ())
        environment = {**service.surroundings(), **platform.terminal_environment(), **plan.environment}
        return words or platform.shell(), Path(plan.directory), environment

    def _plans(self) -> dict[str, Plan | None]:
        """The plan of each started service; None if only its processes are known."""
        stray = {found.service for _, found in env_mark.find(self.root)}
        records = {name: record.read(paths.of(self.root, name)) for name in paths.services(self.root)}
        names = sorted(stray | {name for name, found in records.items() if found})
        return {name: found.plan if (found := records.get(name)) else None for name in names}

    @contextlib.contextmanager
    def _planning(self, plans: Mapping[str, Plan], *, anew: bool = False) -> Iterator[None]:
        """Include services that are about to be started, while the block starts them; with `anew` even if they run."""
        found = {name: service.look(self.root, name) for name in plans}
        self._replaced = frozenset(
            it.run
            for name, it in found.items()
            if it and (anew or not service.runs(it) or it.fingerprint != plans[name].fingerprint)
        )
        self._planned = plans
        try:
            yield
        finally:
            self._planned, self._replaced = {}, frozenset()

    def _health(self, found: Record) -> tuple[str, str]:
        """The health as an engine would give it, and the output of the check; empty if the service has none."""
        if not (url := self._url(found)):
            return "", ""
        if not service.runs(found):
            return "unhealthy", ""
        if time.monotonic() - self._healthy.get(found.run, -FRESH) < FRESH:
            return "healthy", ""
        if not (problem := check.problem(url)):
            self._healthy[found.run] = time.monotonic()
            return "healthy", ""
        said = "; ".join(filter(None, [problem, service.full(self.root, found.plan.service)]))
        return ("starting" if time.time() - found.started < PATIENCE else "unhealthy"), said

    def _url(self, found: Record) -> str:
        """The URL of a service's health; if it contains a secret, which is not remembered, compose is asked again."""
        url, plan = found.plan.health, found.plan
        # User and password are not sent.
        if MASK not in url.rpartition("@")[2]:
            return url
        if found.run not in self._urls:
            planned = self._planned.get(plan.service)
            self._urls[found.run] = planned.health if planned else spec.health_again(self.root, plan)
        return self._urls[found.run]


@contextlib.contextmanager
def _begun() -> Iterator[None]:
    """Mark an error that came after something was started: then the way services ended is its evidence."""
    try:
        yield
    except OpsError as error:
        error.begun = True
        raise


def _once(services: Mapping[str, Service]) -> dict[str, Service]:
    """Some services, one replica of each."""
    return {name: replace(each, replicas=min(1, each.replicas)) for name, each in services.items()}
