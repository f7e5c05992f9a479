"""A release, step by step, and the way back.

Every new replica is started beside the old ones and must be ready before anything is switched. Until then a failure
leaves the old ones as they are. A service of which two cannot run at once is stopped first, and put back where a
later step fails: a stack goes forward as one, and back as one.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from upready.readiness.health import Health
from upready.releases import gate, order, plan, retire, routes
from upready.releases.plan import Change
from upready.runtime.attempt import Attempt
from upready.runtime.docker.containers import QUIETLY, Containers
from upready.runtime.docker.edge import Edge, EdgeError
from upready.runtime.interface import Container, silent
from upready.stack.model import Model, Service, unescape
from upready.support import units

GRACE = 10.0
"""Seconds that a container gets to end what it is at, where its service says nothing: compose's own number."""

SHORT = 2.0
"""Seconds for what is under way where a service is stopped first, while new requests wait."""

PATIENCE = 15.0
"""Seconds that the edge may take to come back where somebody restarts it during a release."""

COUNT_EVERY = 0.2
"""Seconds between counts of what is still under way."""


class Show(Protocol):
    """Who is told of what happens."""

    def step(self, text: str) -> None:
        """A new step begins."""

    def warn(self, text: str) -> None:
        """Something that does not stop the release."""

    def health(self, services: Sequence[Health]) -> None:
        """The state of new containers has changed."""


@dataclass
class Rollout:
    """One way from what runs to a model.

    Attributes:
        engine: Where it runs.
        model: What is to run; each of its services has its release.
        changes: What that changes.
        before: The model of what runs now, to go back to; None where it is not known.
        show: Told of what happens.
        kept: The names of containers that failed, which are kept for their logs.
        lost: The services that could not be put back.
        settled: Whether it has come to an end, this way or the other: nothing is left between two versions.
    """

    engine: Containers
    model: Model
    changes: Sequence[Change]
    before: Model | None
    show: Show
    kept: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    settled: bool = False
    _new: dict[str, list[Container]] = field(default_factory=dict)
    _old: dict[str, list[Container]] = field(default_factory=dict)
    _replaced: list[str] = field(default_factory=list)
    _aside: list[Container] = field(default_factory=list)

    def run(self) -> None:
        """Do it.

        Raises:
            SickError: New containers did not become ready; what ran before runs again.
            OpsError: A step could not be done; the same.
        """
        for each in self.engine.containers(self.model.stack.project):
            self._old.setdefault(each.service, []).append(each)
        in_order = order.of(self.model, self.changes, self._old)
        done = False
        try:
            for change in in_order:
                if change.action == plan.REMOVED:
                    self._set_aside(change)
                elif change.action == plan.REPLACED:
                    self._replace(self.model.service(change.service), change)
                else:
                    self._roll(self.model.service(change.service))
            self._switch()
            done = True
        finally:
            if not done:  # also after Ctrl-C
                self._undo()
                self.settled = True
        for change in in_order:
            if change.action == plan.ROLLED:
                self._end(self.model.service(change.service), self._old[change.service])
        retire.retire(self.engine, self._aside, (), self.show.warn)
        self.settled = True

    def _set_aside(self, change: Change) -> None:
        """Stop a service that is not part of the model, since one that is needs its port."""
        for each in self._old.get(change.service, ()):
            self.show.step(f"stop {each.name}: {', '.join(change.reasons)}")
            self._aside.append(each)
            retire.stop(self.engine, each)

    def _roll(self, service: Service) -> None:
        """Start new replicas beside the old ones, as many at a time as the service's `parallelism` says."""
        old = self._old.setdefault(service.name, [])
        if old:
            if edge := self._edge(service):
                routes.pin(edge, service, old, self.show.warn)
            self._pre_start(service)
        section = _update(service)
        batch = int(section.get("parallelism", 0)) or service.replicas
        pause = units.parse_duration(str(section.get("delay") or "0s")) or 0.0
        new = self._new.setdefault(service.name, [])
        while len(new) < service.replicas:
            if new:
                time.sleep(pause)
            more = min(batch, service.replicas - len(new))
            there = [each.id for each in [*old, *new]]
            self.show.step(f"start {more} new {service.name}" if old else f"start {service.name}")
            new += self._gate(service, more, there, scale=len(there) + more)

    def _gate(self, service: Service, count: int, there: Sequence[str], *, scale: int | None = None) -> list[Container]:
        scaling = [] if scale is None else ["--no-recreate", "--scale", f"{service.name}={scale}"]

        def begin(attempt: Attempt) -> None:
            line = ("up", "--detach", "--no-deps", *scaling, *QUIETLY, service.name)
            self.engine.compose(self.model.stack, attempt, *line)

        wanted = dataclasses.replace(service, replicas=count)
        return gate.wait_for(self.engine, self.model, wanted, there, begin, self.show.health, self.show.warn)

    def _replace(self, service: Service, change: Change) -> None:
        """Stop the old replicas, and start new ones in their place."""
        edge = self._edge(service)
        self.show.step(f"replace {service.name}{'; its requests wait meanwhile' if edge else ''}: {change.order}")
        self._replaced.append(service.name)
        there = [each.id for each in self._old.get(service.name, [])]
        if edge:
            edge.hold(service)
            if left := drain(edge, self._old.get(service.name, []), SHORT, lambda _: None):
                self.show.warn(f"{service.name}: {left} requests are cut, for it is stopped first")
        new = self._gate(service, service.replicas, there)
        if edge:
            edge.switch(service, [each.id for each in new])

    def _switch(self) -> None:
        """Let the new replicas in."""
        for name, new in self._new.items():
            service = self.model.service(name)
            if new and (edge := self._edge(service)):
                self.show.step(f"switch {name}")
                edge.switch(service, [each.id for each in new])

    def _edge(self, service: Service) -> Edge | None:
        return routes.edge_of(self.engine, self.model.stack.project, service, PATIENCE)

    def _end(self, service: Service, old: Sequence[Container]) -> None:
        """Let the old replicas finish what they are at, then stop them."""
        if edge := self._edge(service):
            seconds = grace(service)
            left = drain(edge, old, seconds, lambda count: self.show.step(f"{service.name}: {count} under way"))
            if left:
                self.show.warn(f"{service.name}: {left} requests were cut, after {seconds:g} s (stop_grace_period)")
        self.show.step(f"stop {len(old)} old {service.name}")
        known = self.before.services.get(service.name) if self.before else None
        retire.retire(self.engine, old, unescape((known or service).config.get("pre_stop") or []), self.show.warn)

    def _pre_start(self, service: Service) -> None:
        """Run the service's `pre_start` hooks once, by the new image: compose runs them only where no replica runs."""
        for hook in unescape(service.config.get("pre_start") or []):
            self.show.step(f"pre_start of {service.name}")
            self.engine.run_hook(self.model.stack, service.name, hook)

    def _undo(self) -> None:
        """Take the new replicas away, and put back what was replaced."""
        self.show.step("back to what ran before")
        for name in self._new:
            old = {each.id for each in self._old[name]}
            if old and (edge := self._edge(self.model.service(name))):
                with suppress(EdgeError):
                    routes.pin(edge, self.model.service(name), self._old[name], silent)
            self.kept += retire.keep(self.engine, [each for each in self._now(name) if each.id not in old])
        for name in reversed(self._replaced):
            if self.before is None or name not in self.before.services:
                self.show.warn(f"{name} cannot be put back: what ran before is not recorded")
                self.lost.append(name)
                continue
            back = Rollout(self.engine, self.before, (), None, self.show)
            back._old = {name: self._now(name)}
            try:
                back._replace(self.before.service(name), Change(name, plan.REPLACED, order="as it was"))
            except gate.SickError as sick:
                # It must not hide why the release failed, nor may anybody be told that the old version serves.
                self.show.warn(f"{name} could not be put back: {sick.error.message}")
                self.lost.append(name)
        for each in self._aside:
            retire.start(self.engine, each)

    def _now(self, name: str) -> list[Container]:
        return [each for each in self.engine.containers(self.model.stack.project) if each.service == name]


def drain(edge: Edge, old: Sequence[Container], seconds: float, tell: Callable[[int], None]) -> int:
    """Wait until nothing is under way to some containers, for so many seconds at most.

    Args:
        edge: Counts them.
        old: The containers, which get no new ones.
        seconds: How long, at most.
        tell: Told of each new count.

    Returns:
        How many are still under way.
    """
    end = time.monotonic() + seconds
    told = None
    while (left := _under_way(edge, old)) and time.monotonic() < end:
        if left != told:
            tell(left)
            told = left
        time.sleep(COUNT_EVERY)
    return left


def _under_way(edge: Edge, containers: Sequence[Container]) -> int:
    try:
        return sum(edge.in_flight(each.id) for each in containers)
    except EdgeError:  # what came through it has ended with it
        return 0


def grace(service: Service) -> float:
    """Seconds that a container of a service gets to end what it is at (`stop_grace_period`)."""
    return units.parse_duration(str(service.config.get("stop_grace_period") or "")) or GRACE


def _update(service: Service) -> Mapping[str, Any]:
    return (service.config.get("deploy") or {}).get("update_config") or {}
