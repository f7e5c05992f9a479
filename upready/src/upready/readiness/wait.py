"""Wait until every service is ready, or until it is clear that one will not be.

The engine's events and the probes from this machine report changes at once. Compose is not asked: it reports readiness
up to 28 s late (docs/health.md). There is one deadline, in wall time, for everything.
"""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from upready.readiness.feed import Feed, FindPermanent
from upready.readiness.health import Health, Verdict
from upready.readiness.messages import Listed, Message, Started
from upready.readiness.start_thread import Start, StartThread
from upready.readiness.tracker import PICTURE, Tracker
from upready.runtime.attempt import Attempt
from upready.runtime.interface import Note, Runtime, silent
from upready.stack.model import Service
from upready.support import next_step
from upready.support.errors import EngineError, OpsError, UnhealthyError

SETTLE = 1.0
"""Seconds to wait after the first failure: it often causes others, and all of them are reported."""

LOOK = 2.0
"""Seconds for the first complete look at all services, even if the timeout is shorter."""

AGAIN = 1.0
"""Seconds from one start to the next at least, where compose gives up at once: each start is a call of compose."""

RESTING = 4.0
"""How much longer than a look the rest after it is: to judge hundreds of replicas at every news delays their start."""

LOOK_UP = 0.25
"""Seconds between two questions whether the wait is superseded."""

LONG = 600.0
"""Seconds to give a start for which the time was too short."""

Watch = Callable[[Sequence[Health]], None]
"""Callback; receives the health of all services whenever it changes."""


class SupersededError(Exception):
    """What is waited for is about to change again: the outcome is of no use any more."""


@dataclass
class Outcome:
    """How the wait ended.

    Attributes:
        services: The last health of every replica.
        seconds: How long the wait took.
        error: Why the start of the containers failed, or that it had not ended at the deadline.
        timed_out: Whether the deadline ended the wait.
        refusals: Why services could not be started, by service.
        made: Whether all containers were created as the files say, and only had to be started.
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
class Waiter:
    """Waits for the services of a model to be ready.

    Attributes:
        engine: Where they run.
        project: Compose's project name.
        services: The services to wait for.
        watch: Receives every change.
        live: Whether `watch` draws a live view, and needs the last log line of each service too.
        warn: Receives the warnings of compose.
        find_permanent: Tells why waiting for a replica will not help.
        superseded: Whether the wait has become useless; asked again and again once the start has ended.
    """

    engine: Runtime
    project: str
    services: Sequence[Service]
    watch: Watch = lambda _: None
    live: bool = False
    warn: Note = silent
    find_permanent: FindPermanent | None = None
    superseded: Callable[[], bool] | None = None
    _tracker: Tracker = field(init=False)
    _shown: object = field(init=False, default=None)
    _told: float = field(init=False, default=0.0)
    _begun: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._tracker = Tracker(self.engine, self.services)

    def wait(self, timeout: float, start: Start | None = None) -> Outcome:
        """Wait for every service, starting them first where `start` is given.

        Args:
            timeout: Seconds for everything together, the start included.
            start: Starts them, in a thread of its own. It is called again if the engine went away during the first
                call and came back.

        Raises:
            EngineError: The engine went away.
            SupersededError: The wait has become useless.
        """
        began = time.monotonic()
        with Feed(self.engine, self.project, lines=self.live, find_permanent=self.find_permanent) as feed:
            attempt = Attempt(ready=lambda each: (each.id, each.started) in self._tracker.ready, warn=self.warn)
            thread = StartThread(start, feed.inbox, attempt)
            try:
                outcome = self._loop(feed, thread, began, began + timeout)
                if not outcome.timed_out:
                    # One service has failed; compose may still finish its work on the others.
                    thread.stop(began + timeout - time.monotonic())
                return outcome
            finally:
                # Also after Ctrl-C: compose must end before this process does.
                thread.stop()

    def _loop(self, feed: Feed, thread: StartThread, began: float, deadline: float) -> Outcome:
        failing: float | None = None
        while True:
            if self.superseded is not None and thread.complete and self.superseded():
                raise SupersededError
            now = time.monotonic()
            healths = self._look(feed, now)
            took = time.monotonic() - now
            outcome = Outcome(
                healths, now - began, thread.error, refusals=self._tracker.refusals, made=thread.attempt.made.is_set()
            )
            if thread.complete and outcome.ready:
                return outcome
            failed = any(each.verdict is Verdict.FAILED for each in healths)
            if isinstance(thread.error, UnhealthyError) and not failed:
                # Compose gives up when a service that others wait for is unhealthy, but it may still become healthy.
                failing = None
                if not self._tracker.blocked() and now - self._begun >= AGAIN:
                    self._begin(feed, thread)
            elif thread.error is not None or failed:
                failing = failing or now
                if _settled(thread, healths, now - failing):
                    return outcome
            else:
                failing = None
            looked = now >= began + LOOK or (thread.complete and self._tracker.looked())
            if now >= deadline and looked:
                return _late(outcome, thread)
            self._receive(feed, thread, max(deadline, began + LOOK) - now, took * RESTING)

    def _look(self, feed: Feed, now: float) -> list[Health]:
        """The health of every replica, which `watch` receives too if it has changed.

        Raises:
            EngineError: The engine has stopped answering.
        """
        tracker = self._tracker
        healths = tracker.healths()
        waiting = [each for each in healths if each.verdict is not Verdict.READY]
        if feed.gone:
            raise EngineError(
                f"the Docker Engine at {self.engine.address} has stopped answering",
                details=[*(f"{each.name} {each.reason}" for each in waiting), "containers may still be running"],
                next="invoke doctor",
            )
        feed.watch(tracker.targets(), tracker.running(), tracker.unchecked(), waiting)
        # Not the reason: it may hold a number of seconds, which changes all the time.
        picture = [(each.name, each.state, each.cause, each.line) for each in healths]
        if tracker.known and (picture != self._shown or (self.live and now - self._told > PICTURE)):
            self.watch(healths)
            self._shown, self._told = picture, now
        return healths

    def _receive(self, feed: Feed, thread: StartThread, longest: float, rest: float) -> None:
        """Wait for the next message, for `longest` seconds at most, then `rest`, and take all that have come."""
        with contextlib.suppress(queue.Empty):
            longest = longest if self.superseded is None else min(longest, LOOK_UP)
            message = feed.inbox.get(timeout=max(0.01, min(longest, self._tracker.patience())))
            time.sleep(min(rest, max(0.0, longest)))
            while True:
                self._take(message, feed, thread)
                message = feed.inbox.get_nowait()

    def _take(self, message: Message, feed: Feed, thread: StartThread) -> None:
        """Take in a message."""
        if isinstance(message, Started):
            # It counts only after all containers have been listed once more: compose may have replaced some, and an
            # engine that dropped the connection must answer before it is clear what the error means.
            thread.ended(message.error, feed.refresh())
            return
        self._tracker.take(message)
        if isinstance(message, Listed):
            thread.reached(message.request, feed.drops)
            if not thread.begun:
                self._begin(feed, thread)
            self._tracker.complete = thread.complete and thread.given
            if thread.error is not None:
                self._tracker.stopped()

    def _begin(self, feed: Feed, thread: StartThread) -> None:
        if thread.given:
            self._tracker.starting()
        self._begun = time.monotonic()
        thread.begin(feed.drops)


def _may_fail(health: Health) -> bool:
    """Whether a replica that is not ready may still fail by itself."""
    return health.verdict is Verdict.WAITING and health.state in ("running", "starting", "restarting", "exited")


def _settled(thread: StartThread, healths: Sequence[Health], failing: float) -> bool:
    """Whether no further failure is expected, `failing` seconds after the first one."""
    # As long as the start goes on, it may start more containers.
    ended = thread.complete or thread.error is not None
    return failing >= SETTLE or (ended and not any(map(_may_fail, healths)))


def _late(outcome: Outcome, thread: StartThread) -> Outcome:
    """The outcome where the deadline has passed."""
    outcome.timed_out = True
    if outcome.error is None and not thread.complete:
        outcome.error = UnhealthyError(
            "the containers were still being started when time was up",
            next=next_step.longer(LONG) or "invoke health --wait 600",
        )
    return outcome


def unstarted(services: Sequence[Service], healths: Sequence[Health]) -> list[str]:
    """The services that still wait to be started, and depend on nothing that has failed."""
    states = {each.service: each for each in healths if each.verdict is not Verdict.READY}
    states |= {each.service: each for each in healths if each.verdict is Verdict.FAILED}
    every = {each.name: each for each in services}

    def blocked(name: str, seen: tuple[str, ...] = ()) -> bool:
        if name in states and states[name].verdict is Verdict.FAILED:
            return True
        needed = (every[name].config.get("depends_on") or {}) if name in every and name not in seen else {}
        return any(blocked(other, (*seen, name)) for other, how in needed.items() if how.get("required", True))

    return [name for name in every if name in states and states[name].cause == "created" and not blocked(name)]
