"""Wait until every service is ready, or until it is clear that one will not be.

The engine's events and the host's own probes say at once what changes; nothing is polled through compose, which reports
readiness up to 28 s late (docs/health.md). One deadline, in wall time, for everything.
"""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from upready.readiness.feed import Doubt, Observer
from upready.readiness.health import Health, Verdict
from upready.readiness.messages import Listed, Message, Started
from upready.readiness.start_thread import Start, Starter
from upready.readiness.tracker import PICTURE, View
from upready.runtime.attempt import Attempt
from upready.runtime.interface import Note, Runtime, silent
from upready.stack.model import Service
from upready.support.errors import EngineError, OpsError, UnhealthyError

SETTLE = 1.0
"""Seconds that the others get once one has failed: a failure is often followed by those it causes, and each is told."""

LOOK = 2.0
"""Seconds that one honest look may take, however short the timeout is."""

Watch = Callable[[Sequence[Health]], None]
"""Told of the state of all services, whenever it changes."""


@dataclass
class Outcome:
    """How the wait ended.

    Attributes:
        services: The last judgement of every replica.
        seconds: How long it took.
        error: What the start of the containers raised, or that it had not ended at the deadline.
        timed_out: Whether the deadline ended it.
        refusals: Why services could not be started, by service.
        made: Whether the containers are as the files say; only starts are left then.
    """

    services: list[Health]
    seconds: float
    error: OpsError | None = None
    timed_out: bool = False
    refusals: Mapping[str, OpsError] = field(default_factory=dict)
    made: bool = True

    @property
    def ready(self) -> bool:
        """Whether every replica is ready, in time, and the start has ended: it might yet replace one."""
        good = all(each.verdict is Verdict.READY for each in self.services)
        return good and self.error is None and not self.timed_out


@dataclass
class Gate:
    """Waits for the services of a model to be ready.

    Attributes:
        engine: Where they run.
        project: Compose's project name.
        services: What is waited for.
        watch: Told of every change.
        live: Whether `watch` draws a live view, and wants each service's last log line too.
        warn: Told what compose warns of.
        doubt: Asked about replicas that are not ready whether waiting may help.
    """

    engine: Runtime
    project: str
    services: Sequence[Service]
    watch: Watch = lambda _: None
    live: bool = False
    warn: Note = silent
    doubt: Doubt | None = None
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
        with Observer(self.engine, self.project, lines=self.live, doubt=self.doubt) as observer:
            attempt = Attempt(ready=lambda each: (each.id, each.started) in self._view.ready, warn=self.warn)
            starter = Starter(start, observer.inbox, attempt)
            try:
                outcome = self._loop(observer, starter, began, began + timeout)
                if not outcome.timed_out:
                    # What compose is doing for one service goes on, though another has failed.
                    starter.stop(began + timeout - time.monotonic())
                return outcome
            finally:
                # Also after Ctrl-C: compose must be gone before this process is.
                starter.stop()

    def _loop(self, observer: Observer, starter: Starter, began: float, deadline: float) -> Outcome:
        view, told = self._view, 0.0
        shown: object = None
        failing: float | None = None
        while True:
            now = time.monotonic()
            if observer.gone:
                raise EngineError(
                    f"the Docker Engine at {self.engine.address} has stopped answering",
                    details=[f"{each.name} {each.reason}" for each in view.healths() if each.verdict != Verdict.READY],
                    next="invoke doctor, then start it again: what had started may still run",
                )
            healths = view.healths()
            suspects = [each for each in healths if each.verdict is not Verdict.READY]
            observer.aim(view.targets(), view.running(), view.unchecked(), suspects)
            # The reason counts up while a service stabilises; that alone is no change to tell.
            picture = [(each.name, each.state, each.cause, each.line) for each in healths]
            if view.known and (picture != shown or (self.live and now - told > PICTURE)):
                self.watch(healths)
                shown, told = picture, now
            outcome = Outcome(
                healths, now - began, starter.error, refusals=view.refusals, made=starter.attempt.made.is_set()
            )
            if starter.complete and outcome.ready:
                return outcome
            failed = any(each.verdict is Verdict.FAILED for each in healths)
            if isinstance(starter.error, UnhealthyError) and not failed:
                # Compose gives up as soon as a service that others wait for is unhealthy; it may yet become healthy.
                failing = None
                if not view.blocked():
                    self._begin(observer, starter)
            elif starter.error is not None or failed:
                failing = failing or now
                # While the start goes on, it may yet start those that are only created.
                ended = starter.complete or starter.error is not None
                if now - failing >= SETTLE or (ended and not any(map(_may_fail, healths))):
                    return outcome
            else:
                failing = None
            if now >= deadline and (now >= began + LOOK or (starter.complete and view.looked())):
                outcome.timed_out = True
                if outcome.error is None and not starter.complete:
                    outcome.error = UnhealthyError(
                        "the containers were still being started when time was up",
                        next="the same again with a longer --timeout",
                    )
                return outcome
            with contextlib.suppress(queue.Empty):
                message = observer.inbox.get(timeout=max(0.01, min(max(deadline, began + LOOK) - now, view.patience())))
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
            starter.reached(message.request, observer.drops)
            if not starter.begun:
                self._begin(observer, starter)
            self._view.complete = starter.complete and starter.given
            if starter.error is not None:
                self._view.stopped()

    def _begin(self, observer: Observer, starter: Starter) -> None:
        if starter.given:
            self._view.starting()
        starter.begin(observer.drops)


def _may_fail(health: Health) -> bool:
    """Whether a replica that is not ready may still tell of a failure of its own."""
    return health.verdict is Verdict.WAITING and health.state in ("running", "restarting", "exited")
