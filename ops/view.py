"""What is known of a project's containers while they are waited for, pieced together from the news."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ops.health import Health
from ops.judgement import SETTLED, Sight, age, assess
from ops.model import Service
from ops.observer import Answered, Happened, Listed, Looked, Run, Wrote
from ops.probe import Probe
from ops.runtime import Container, Runtime
from ops.targets import targets

PICTURE = 0.25
"""Seconds between reports to a live view that nothing new has happened."""


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
        self._replaceable: set[Run] = set()
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
        """A start begins: what has ended by now is yet to be started by it, and what runs may be ended by it."""
        self._asleep = {_run(each) for each in self._containers.values() if not _runs(each)}
        self._replaceable = {_run(each) for each in self._containers.values()} - self._asleep

    def stopped(self) -> None:
        """The start has failed: what ran before it, and has ended, was ended by something else."""
        self._replaceable = set()

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

    def blocked(self) -> bool:
        """Whether a service for whose health others wait is not healthy, so that compose would not start these."""
        needed = {
            other for each in self._services for other, how in each.depends_on.items() if how == "service_healthy"
        }
        return any(
            each.state == "restarting" or (each.state == "running" and each.health == "unhealthy")
            for each in self._containers.values()
            if each.service in needed
        )

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
            # When a run began is told by this machine's clock, for the engine's may be another machine's; but for what
            # ran before the first look.
            self._began.setdefault(_run(container), time.monotonic() - (0.0 if self.known else age(container)))
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
            asleep=not self.complete and (run in self._asleep or (run in self._replaceable and not _runs(container))),
            ooms=self._ooms.get(container.id, 0),
        )

    def _age(self, container: Container) -> float:
        return time.monotonic() - self._began[_run(container)]


def _run(container: Container) -> Run:
    return container.id, container.started


def _runs(container: Container) -> bool:
    return container.state in ("running", "paused")
