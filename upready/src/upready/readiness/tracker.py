"""The state of a project's containers while they are waited for, made from the news."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from upready.readiness.health import Health, Verdict
from upready.readiness.healthcheck import command, frequent
from upready.readiness.messages import Answered, Checked, Happened, Listed, Looked, Permanent, Refused, Run, Wrote
from upready.readiness.one_look import targets
from upready.readiness.verdict import SETTLED, Observation, age, assess, window
from upready.runtime.interface import Container, Runtime
from upready.stack import compose_failure
from upready.stack.model import Service
from upready.support.errors import OpsError
from upready.support.http_probe import Probe

PICTURE = 0.25
"""Seconds between updates of a live view without news."""

CRASHES = 5
"""Restarts after which a crash loop is reported: all with the same exit code, and no run longer than before."""

ENDS = 3
"""The number of these exits that must have been seen."""


class Tracker:
    """The state of a project's containers while it is waited for.

    Attributes:
        known: Whether the containers have been listed once.
        complete: Whether our start has ended; a container that is missing from then on was removed.
        ready: The runs that answer, or are healthy. The set is replaced, not changed: another thread may read it.
        refusals: Why services could not be started, by service.
    """

    def __init__(self, engine: Runtime, services: Sequence[Service]) -> None:
        self.known = self.complete = False
        self.ready: set[Run] = set()
        self.refusals: dict[str, OpsError] = {}
        self._engine = engine
        self._services = services
        self._containers: dict[str, Container] = {}
        self._tickets: dict[str, int] = {}
        self._began: dict[Run, float] = {}
        self._ended_before: set[Run] = set()
        self._replaceable: set[Run] = set()
        self._answers: dict[Run, Probe] = {}
        self._checks: dict[Run, int] = {}
        self._permanent: dict[Run, tuple[str, str] | None] = {}
        self._urls: dict[Run, str] = {}
        self._had: dict[str, int] = {}
        self._lost: set[str] = set()
        self._unhealthy_since: dict[str, float] = {}
        self._ends: dict[str, dict[datetime, tuple[int, float]]] = {}
        self._lines: dict[str, str] = {}
        self._oomed: set[str] = set()
        self._oom_kills: dict[str, int] = {}
        self._oomed_in: dict[str, set[str]] = {}
        self._loops: dict[str, tuple[str, str]] = {}

    def take(self, message: Listed | Looked | Happened | Answered | Checked | Permanent | Wrote | Refused) -> None:
        """Take in a message. Of two looks at one container, the one that began later counts."""
        match message:
            case Listed(ticket, _, containers):
                for each in containers:
                    self._put(each.id, ticket, each)
                for gone in self._containers.keys() - {each.id for each in containers}:
                    self._put(gone, ticket, None)
                self.known = True
                self._aim()
            case Looked(ticket, identifier, container):
                self._put(identifier, ticket, container)
                self._aim()
            case Happened(ticket, identifier, action):
                self._happened(ticket, identifier, action)
            case Answered(run, answer):
                self._answers[run] = answer
            case Checked(run, code):
                self._checks[run] = code
            case Permanent(run, trouble):
                self._permanent[run] = trouble
            case Wrote(identifier, line):
                self._lines[identifier] = line
            case Refused(service, error):
                self.refusals[service] = error

    def starting(self) -> None:
        """A start begins. It will start the containers that have exited, and may stop and replace those that run."""
        self._ended_before = {_run(each) for each in self._containers.values() if not _runs(each)}
        self._replaceable = {_run(each) for each in self._containers.values()} - self._ended_before
        self.refusals = {}

    def stopped(self) -> None:
        """The start has failed. From now on an exited container counts as failed, not as being replaced."""
        self._replaceable = set()

    def healths(self) -> list[Health]:
        """The health of every replica now."""
        counts = Counter(each.service for each in self._containers.values())
        if self.complete:
            self._had = {name: max(counts[name], self._had.get(name, 0)) for name in {*counts, *self._had}}
        self._lost = {name for name, had in self._had.items() if counts[name] < had}
        order = sorted(self._containers.values(), key=lambda each: (each.service, each.replica))
        self._loops = {}
        found = assess(self._services, order, self._observe)
        if loops := self._crash_loops(found):
            self._loops = loops
            found = assess(self._services, order, self._observe)
        self.ready = {_run(each.container) for each in found if each.container and each.cause in ("answers", "healthy")}
        return [
            replace(each, line=self._lines.get(each.container.id, "")) if each.container else each for each in found
        ]

    def looked(self) -> bool:
        """Whether all containers have been listed, all probes been answered, and all health checks been run, once."""
        asked = self._urls.keys() <= self._answers.keys() and self.unchecked().keys() <= self._checks.keys()
        return self.known and asked

    def blocked(self) -> bool:
        """Whether a service is not healthy that others wait for, so that compose would not start those."""
        needed = {
            other for each in self._services for other, how in each.depends_on.items() if how == "service_healthy"
        }
        return any(
            each.state == "restarting" or (each.state == "running" and each.health == "unhealthy")
            for each in self._containers.values()
            if each.service in needed
        )

    def unchecked(self) -> dict[Run, Container]:
        """The runs whose health check we run too: it has not passed yet, and there is no probe."""
        eager = {service.name for service in self._services if service.ops.get("eager", True)}
        return {
            run: each
            for each in self.running()
            if self._checks.get(run := _run(each)) != 0
            and run not in self._urls
            and each.health in ("starting", "unhealthy")
            and each.service in eager
            and command(each)
            and not frequent(each, self._age(each))
        }

    def targets(self) -> dict[Run, str]:
        """The URL to probe, for each run that has one."""
        return self._urls

    def running(self) -> tuple[Container, ...]:
        """The containers that run."""
        return tuple(each for each in self._containers.values() if each.state == "running")

    def patience(self) -> float:
        """Seconds until the next look without news: fewer where a service will soon have run long enough."""
        waits = [PICTURE]
        services = {each.name: each for each in self._services}
        for each in self.running():
            if each.service in services:
                left = window(services[each.service], each) + SETTLED - self._age(each)
                waits += [left + 0.005] if left > 0 else []
        return min(waits)

    def _put(self, identifier: str, ticket: int, container: Container | None) -> None:
        if ticket < self._tickets.get(identifier, -1):
            return
        self._tickets[identifier] = ticket
        if container is None:
            self._containers.pop(identifier, None)
        else:
            self._note(self._containers.get(identifier), container)
            before = [each.id for each in self._containers.values() if each.slot and each.slot == container.slot]
            for other in before:
                self._containers.pop(other)
            self._containers[identifier] = container
            # By the clock of this machine, since the engine's may be on another one. Only for a container that ran
            # before the first look, the engine's own times count.
            self._began.setdefault(_run(container), time.monotonic() - (0.0 if self.known else age(container)))

    def _aim(self) -> None:
        """Find the URLs by which the replicas that run now are probed."""
        everything = self._containers.values()
        urls = {key: url for each in self._services for key, url in targets(self._engine, each, everything).items()}
        self._urls = {_run(self._containers[key]): url for key, url in urls.items()}

    def _note(self, before: Container | None, now: Container) -> None:
        """Note since when a container is unhealthy, and how its runs end."""
        if now.health != "unhealthy":
            self._unhealthy_since.pop(now.id, None)
        elif now.id not in self._unhealthy_since or (before is not None and before.health != "unhealthy"):
            self._unhealthy_since[now.id] = time.monotonic()
            # The engine's result is newer than that of our own run of the check.
            self._checks.pop(_run(now), None)
        if now.slot and now.oom_killed:
            self._oomed_in.setdefault(now.slot, set()).add(now.id)  # Swarm tells of no such event
        if now.state in ("exited", "restarting") and now.started and now.finished and now.finished > now.started:
            lasted = (now.finished - now.started).total_seconds()
            self._ends.setdefault(now.slot or now.id, {})[now.finished] = (now.exit_code or 0, lasted)

    def _crash_loops(self, found: Sequence[Health]) -> dict[str, tuple[str, str]]:
        """The containers that will go on to crash again and again: by id, the cause and the reason.

        None while another service may become ready: a program may crash until its database answers.
        """
        loops: dict[str, tuple[str, str]] = {}
        for each in found:
            container = each.container
            if container is None or container.restarts < CRASHES:
                continue
            ends = list(self._ends.get(container.slot or container.id, {}).values())
            codes, lives = {code for code, _ in ends}, [lasted for _, lasted in ends]
            current = self._age(container) if container.state == "running" else 0.0
            if len(ends) >= ENDS and len(codes) == 1 and max(lives[-1], current) <= 1.5 * max(lives[:-1]) + 1:
                code = codes.pop()
                loops[container.id] = (
                    "restarting",
                    f"exits with code {code} again and again ({container.restarts} times)",
                )
        waiting = [
            each
            for each in found
            if each.verdict is Verdict.WAITING
            and each.cause != "created"
            and not (each.container and each.container.id in loops)
        ]
        return {} if waiting else loops

    def _happened(self, ticket: int, identifier: str, action: str) -> None:
        if action == "oom":
            self._oomed.add(identifier)
        elif action == "start":
            self._oomed.discard(identifier)
        elif action == "die" and identifier in self._oomed:
            self._oomed.discard(identifier)
            self._oom_kills[identifier] = self._oom_kills.get(identifier, 0) + 1
        kind, _, health = action.partition(": ")
        known = self._containers.get(identifier)
        if kind == "health_status" and health in ("healthy", "unhealthy") and known is not None:
            # The event has the health. The look that follows brings the rest.
            self._put(identifier, ticket, replace(known, health=health))

    def _observe(self, service: Service, container: Container | None) -> Observation:
        refusal = self.refusals.get(service.name)
        refused = compose_failure.reason(refusal) if refusal else ""
        if container is None:
            return Observation(removed=service.name in self._lost, refused=refused)
        run = _run(container)
        sick = self._unhealthy_since.get(container.id)
        return Observation(
            answer=self._answers.get(run),
            probed=run in self._urls,
            check=self._checks.get(run),
            age=self._age(container),
            ended_before=not self.complete
            and (run in self._ended_before or (run in self._replaceable and not _runs(container))),
            oom_kills=self._oom_kills.get(container.id, 0) or len(self._oomed_in.get(container.slot, ())),
            refused=refused,
            unhealthy_for=time.monotonic() - sick if sick is not None else 0.0,
            permanent=self._loops.get(container.id) or self._permanent.get(run),
        )

    def _age(self, container: Container) -> float:
        return time.monotonic() - self._began[_run(container)]


def _run(container: Container) -> Run:
    return container.id, container.started


def _runs(container: Container) -> bool:
    return container.state in ("running", "paused")
