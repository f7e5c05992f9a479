"""Wait until every service is ready, or until it is clear that one will not be.

The engine's events and the host's own probes say at once what changes; nothing is polled through compose, which reports
readiness up to 28 s late (facts.md). One deadline, in wall time, for everything.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ops.errors import EngineError, OpsError
from ops.health import SETTLED, Health, Sight, Verdict, age, assess, targets
from ops.model import Model, Service
from ops.observer import Answered, Happened, Listed, Looked, Message, Observer, Run, Started, Wrote
from ops.probe import Probe
from ops.runtime import Container, Runtime

SETTLE = 1.0
"""Seconds that the others get once one has failed: a failure is often followed by those it causes, and each is told."""

LOST = 2.2
"""Seconds without an answer to any ping after which the engine counts as gone."""

PICTURE = 0.25
"""Seconds between reports to a live view that nothing new has happened."""

Start = Callable[[threading.Event], None]
"""Starts the containers, raising what goes wrong; stops early when the event is set."""

Watch = Callable[[Sequence[Health]], None]
"""Told of the state of all services, whenever it changes."""


@dataclass
class Outcome:
    """How the wait ended.

    Attributes:
        services: The last judgement of every replica.
        seconds: How long it took.
        error: What the start of the containers raised, if it did.
        timed_out: Whether the deadline ended it.
    """

    services: list[Health]
    seconds: float
    error: OpsError | None = None
    timed_out: bool = False

    @property
    def ready(self) -> bool:
        """Whether every replica is ready."""
        return self.error is None and all(each.verdict is Verdict.READY for each in self.services)


@dataclass
class Gate:
    """Waits for the services of a model to be ready.

    Attributes:
        engine: Where they run.
        project: Compose's project name.
        services: What is waited for.
        watch: Told of every change.
        live: Whether `watch` draws a live view, and wants each service's last log line too.
    """

    engine: Runtime
    project: str
    services: Sequence[Service]
    watch: Watch = lambda _: None
    live: bool = False
    _view: View = field(init=False)

    def __post_init__(self) -> None:
        self._view = View(self.engine, self.services)

    def wait(self, timeout: float, start: Start | None = None) -> Outcome:
        """Wait for every service, starting them first where `start` is given.

        Args:
            timeout: Seconds for everything together, the start included.
            start: Run in a thread of its own, so that what happens meanwhile is seen. It must bear being called
                again: it is, when the engine went away during the first call and came back.

        Raises:
            EngineError: The engine went away.
        """
        began = time.monotonic()
        with Observer(self.engine, self.project, lines=self.live) as observer:
            starter = Starter(start, observer.inbox)
            try:
                return self._loop(observer, starter, began, began + timeout)
            finally:
                # Also after Ctrl-C: compose must be gone before this process is.
                starter.stop()

    def _loop(self, observer: Observer, starter: Starter, began: float, deadline: float) -> Outcome:
        view, told = self._view, 0.0
        shown: object = None
        failing: float | None = None
        while True:
            now = time.monotonic()
            if observer.lost(LOST):
                raise EngineError(
                    f"the Docker Engine at {self.engine.address} has stopped answering",
                    details=[f"{each.name} {each.reason}" for each in view.healths() if each.verdict != Verdict.READY],
                    next="invoke doctor, then start it again: what had started may still run",
                )
            healths = view.healths()
            observer.aim(view.targets(), view.running())
            # The reason counts up while a service stabilises; that alone is no change to tell.
            picture = [(each.name, each.state, each.cause, each.line) for each in healths]
            if view.known and (picture != shown or (self.live and now - told > PICTURE)):
                self.watch(healths)
                shown, told = picture, now
            outcome = Outcome(healths, now - began, starter.error)
            if starter.complete and outcome.ready:
                return outcome
            if starter.error is not None or any(each.verdict is Verdict.FAILED for each in healths):
                failing = failing or now
                if now - failing >= SETTLE or not any(map(_may_fail, healths)):
                    return outcome
            else:
                failing = None
            if now >= deadline:
                outcome.timed_out = True
                return outcome
            with contextlib.suppress(queue.Empty):
                message = observer.inbox.get(timeout=max(0.0, min(deadline - now, view.patience())))
                while True:
                    self._take(message, observer, starter)
                    message = observer.inbox.get_nowait()

    def _take(self, message: Message, observer: Observer, starter: Starter) -> None:
        """Make a message part of the view, and of what is known of the start."""
        if isinstance(message, Started):
            # Not the end until everything has been looked at once more: compose may have replaced containers, and an
            # engine that dropped the connection must answer before it is known what the error means.
            starter.ended(message.error, observer.refresh())
            return
        self._view.take(message)
        if isinstance(message, Listed):
            if not starter.begun:
                self._view.starting()
                starter.begin(observer.drops)
            starter.reached(message.request, observer.drops)
            self._view.complete = starter.complete and starter.given


class Starter:
    """Starts the containers in a thread, again when the engine went away meanwhile, and knows how far that is.

    Attributes:
        given: Whether there is anything to do at all.
        begun: Whether it has been begun.
        complete: Whether it has ended well, and everything has been looked at since.
        error: What it raised, everything having been looked at since.
    """

    RETRIES = 3

    def __init__(self, start: Start | None, inbox: queue.SimpleQueue[Message]) -> None:
        self.given = start is not None
        self.begun = self.complete = False
        self.error: OpsError | None = None
        self._start = start
        self._inbox = inbox
        self._cancel = threading.Event()
        self._thread: threading.Thread | None = None
        self._drops = self._tries = 0
        self._end: tuple[OpsError | None, int] | None = None

    def begin(self, drops: int) -> None:
        """Start the containers; what comes of it is put into the inbox.

        Args:
            drops: How often the connection to the engine has been seen to drop by now.
        """
        self.begun, self._end, self._drops = True, None, drops
        self._tries += 1
        if self._start is None:
            self.complete = True
            return
        self._thread = threading.Thread(target=self._run, args=(self._start,), name="start")
        self._thread.start()

    def ended(self, error: OpsError | None, request: int) -> None:
        """It has ended; that counts with the answer to this look at everything."""
        self._end = error, request

    def reached(self, request: int, drops: int) -> None:
        """Everything has been looked at, so the engine answers: judge how the start ended."""
        if self._end is None or request < self._end[1]:
            return
        error = self._end[0]
        if error is not None and drops != self._drops and self._tries <= self.RETRIES:
            self.begin(drops)
        elif error is not None:
            self.error = error
        else:
            self.complete = True

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        self._cancel.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, start: Start) -> None:
        error: OpsError | None = None
        try:
            start(self._cancel)
        except OpsError as caught:
            error = caught
        self._inbox.put(Started(error))


class View:
    """What is known of the containers of a project while it is waited for.

    Attributes:
        known: Whether they have been looked at.
        complete: Whether a start of ours has ended, so that what is missing from now on was taken away.
    """

    def __init__(self, engine: Runtime, services: Sequence[Service]) -> None:
        self.known = self.complete = False
        self._engine = engine
        self._services = services
        self._containers: dict[str, Container] = {}
        self._tickets: dict[str, int] = {}
        self._began: dict[Run, float] = {}
        self._asleep: set[Run] = set()
        self._answers: dict[Run, Probe] = {}
        self._answered: set[Run] = set()
        self._urls: dict[Run, str] = {}
        self._had: dict[str, int] = {}
        self._lines: dict[str, str] = {}
        self._oomed: set[str] = set()
        self._ooms: dict[str, int] = {}

    def take(self, message: Listed | Looked | Happened | Answered | Wrote) -> None:
        """Make a message part of the view. Of two looks at one container, the one that began later counts."""
        match message:
            case Listed(ticket, _, containers):
                for each in containers:
                    self._put(each.id, ticket, each)
                for gone in self._containers.keys() - {each.id for each in containers}:
                    self._put(gone, ticket, None)
                self.known = True
            case Looked(ticket, identifier, container):
                self._put(identifier, ticket, container)
            case Happened(ticket, identifier, action):
                self._happened(ticket, identifier, action)
            case Answered(run, answer):
                self._answers[run] = answer
                if answer.ok:
                    self._answered.add(run)
            case Wrote(identifier, line):
                self._lines[identifier] = line

    def starting(self) -> None:
        """A start begins: what has ended by now is yet to be started by it, and no failure."""
        self._asleep = {_run(each) for each in self._containers.values() if each.state not in ("running", "paused")}

    def healths(self) -> list[Health]:
        """The judgement of every replica, as things are now."""
        counts = Counter(each.service for each in self._containers.values())
        if self.complete:
            self._had = {name: max(counts[name], self._had.get(name, 0)) for name in {*counts, *self._had}}
        lost = {name for name, had in self._had.items() if counts[name] < had}
        order = sorted(self._containers.values(), key=lambda each: (each.service, each.replica))
        found = assess(self._services, order, self._sight, lost.__contains__)
        return [
            replace(each, line=self._lines.get(each.container.id, "")) if each.container else each for each in found
        ]

    def targets(self) -> dict[Run, str]:
        """Which runs are probed, by which URL."""
        return self._urls

    def running(self) -> tuple[Container, ...]:
        """The containers that run."""
        return tuple(each for each in self._containers.values() if each.state == "running")

    def patience(self) -> float:
        """Seconds until a look is due without any news: sooner where time itself makes a service ready."""
        waits = [PICTURE]
        for service in self._services:
            for each in self._containers.values():
                left = service.stable + SETTLED - self._age(each)
                if each.service == service.name and each.state == "running" and left > 0:
                    waits.append(left + 0.005)
        return min(waits)

    def _put(self, identifier: str, ticket: int, container: Container | None) -> None:
        if ticket < self._tickets.get(identifier, -1):
            return
        self._tickets[identifier] = ticket
        if container is None:
            self._containers.pop(identifier, None)
        else:
            self._containers[identifier] = container
            if self.known:
                # When this run began is told by this machine's clock: the engine's may be another machine's.
                self._began.setdefault(_run(container), time.monotonic())
        everything = self._containers.values()
        urls = {key: url for each in self._services for key, url in targets(self._engine, each, everything).items()}
        self._urls = {_run(self._containers[key]): url for key, url in urls.items()}

    def _happened(self, ticket: int, identifier: str, action: str) -> None:
        if action == "oom":
            self._oomed.add(identifier)
        elif action == "start":
            self._oomed.discard(identifier)
        elif action == "die" and identifier in self._oomed:
            self._oomed.discard(identifier)
            self._ooms[identifier] = self._ooms.get(identifier, 0) + 1
        kind, _, health = action.partition(": ")
        known = self._containers.get(identifier)
        if kind == "health_status" and health in ("healthy", "unhealthy") and known is not None:
            # The event itself says it; the look that follows brings the rest.
            self._put(identifier, ticket, replace(known, health=health))

    def _sight(self, _: Service, container: Container) -> Sight:
        run = _run(container)
        return Sight(
            answer=self._answers.get(run),
            probed=run in self._urls,
            patient=run not in self._answered,
            age=self._age(container),
            asleep=run in self._asleep and not self.complete,
            ooms=self._ooms.get(container.id, 0),
        )

    def _age(self, container: Container) -> float:
        began = self._began.get(_run(container))
        return age(container) if began is None else time.monotonic() - began


def waited_for(model: Model) -> list[Service]:
    """The services that a start waits for: all active ones that want at least one container."""
    return [service for service in model.services.values() if service.replicas > 0]


def _run(container: Container) -> Run:
    return container.id, container.started


def _may_fail(health: Health) -> bool:
    """Whether a replica that is not ready may still tell of a failure of its own."""
    return health.verdict is Verdict.WAITING and health.state in ("running", "restarting", "exited")
