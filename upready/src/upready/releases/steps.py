"""What a release does with one service: roll it, scale it, or replace it, up to the switch."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from upready.releases import gate, policy, retire, routes
from upready.releases.draining import SHORT, drain, grace, lasting
from upready.releases.plan import Change
from upready.releases.show import Show
from upready.runtime.attempt import Attempt
from upready.runtime.docker.containers import QUIETLY, Containers
from upready.runtime.docker.edge import Edge, EdgeError
from upready.runtime.interface import Container
from upready.stack.model import Model, Service, unescape


@dataclass
class Steps:
    """What is done with the services of a model, one at a time.

    Attributes:
        engine: Where it runs.
        model: What is to run; each of its services has its release.
        changes: What that changes.
        before: The model of what runs now, to go back to; None where it is not known.
        show: Told of what happens.
        back: Whether this is the way back to an earlier release.
        failed: How many replicas of a service have failed that were allowed to.
        unchanged: The services of which no new replica was ready, so that the old ones stay.
    """

    engine: Containers
    model: Model
    changes: Sequence[Change]
    before: Model | None
    show: Show
    back: bool = False
    failed: dict[str, int] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)
    _new: dict[str, list[Container]] = field(default_factory=dict)
    _old: dict[str, list[Container]] = field(default_factory=dict)
    _stays: dict[str, list[Container]] = field(default_factory=dict)
    _replaced: list[str] = field(default_factory=list)
    _replacing: dict[str, list[Container]] = field(default_factory=dict)

    def _roll(self, service: Service) -> None:
        """Start new replicas beside the old ones, as many at a time as the service's `parallelism` says."""
        old = self._old.setdefault(service.name, [])
        if old:
            if edge := self._edge(service):
                routes.pin(edge, service, old, self.show.warn)
            self._pre_start(service)
        elif edge := self._edge(service, patience=0.0):
            with suppress(EdgeError):  # one that does not run lets nobody in
                edge.close(service)
        self._add(service, service.replicas)

    def _scale(self, service: Service) -> None:
        """Start replicas beside those that are there, or choose which ones go."""
        old = self._old.setdefault(service.name, [])
        if edge := self._edge(service):
            routes.pin(edge, service, old, self.show.warn)
        order = sorted(old, key=lambda each: (each.state != "running", each.replica))
        self._stays[service.name] = order[: service.replicas]
        self._add(service, max(0, service.replicas - len(old)))

    def _add(self, service: Service, replicas: int) -> None:
        """Start so many new replicas beside the old ones, in groups."""
        old, new = self._old[service.name], self._new.setdefault(service.name, [])
        for count in self._policy(service).groups(replicas):
            self.show.step(f"start {count} new {service.name}" if old else f"start {service.name}")
            new += self._beside(service, count)
        if replicas and not new and old:
            # failure_action: continue. The others go on without it.
            self.show.warn(f"no new {service.name} is ready: the old one stays")
            self.unchanged.append(service.name)
            known = {each.id for each in old}
            retire.retire(self.engine, [each for each in self._now(service.name) if each.id not in known])

    def _beside(self, service: Service, count: int) -> list[Container]:
        """Start so many new replicas beside those that are there; returns the ones that are ready."""
        there = [each.id for each in self._now(service.name)]
        return self._admit(service, count, there, "--no-recreate", "--scale", f"{service.name}={len(there) + count}")

    def _admit(
        self,
        service: Service,
        count: int,
        there: Sequence[str],
        *scaling: str,
        enter: Callable[[list[Container]], None] = lambda _: None,
    ) -> list[Container]:
        """Let compose start new replicas of a service, and `enter` those that are ready; returns which stay so."""

        def begin(attempt: Attempt) -> None:
            line = ("up", "--detach", "--no-deps", *scaling, *QUIETLY, service.name)
            self.engine.compose(self.model.stack, attempt, *line)

        how, before = self._policy(service), self.failed.get(service.name, 0)
        new = gate.Gate(self.engine, self.model, self.show.health, self.show.warn).admit(
            dataclasses.replace(service, replicas=count),
            there,
            begin,
            how.monitor,
            lambda failed: how.allows(before + failed, service.replicas),
            enter=enter,
            patient=how.failure_action == policy.PAUSE,
        )
        if len(new) < count:
            self.failed[service.name] = before + count - len(new)
        return new

    def _replace(self, service: Service, change: Change) -> None:
        """Stop the old replicas, and start new ones in their place.

        These get requests once they are ready, and `monitor` begins then: until then, nobody would answer.
        """
        edge, served = self._edge(service), list[str]()

        def enter(ready: Sequence[Container]) -> None:
            served[:] = [each.id for each in ready]
            if edge:
                edge.switch(service, served)

        self.show.step(f"replace {service.name}{'; its requests wait meanwhile' if edge else ''}: {change.order}")
        self._replaced.append(service.name)
        there = [each.id for each in self._old.get(service.name, [])]
        if edge and not edge.route(service).held:  # on the way back it may be
            old = self._old.get(service.name, [])
            spare = lasting(edge, old)  # nobody waits while this is found out
            edge.hold(service)
            if left := drain(edge, old, SHORT, lambda _: None, spare):
                self.show.warn(f"{service.name}: {left} requests are cut, for it is stopped first")
        try:
            new = self._admit(service, service.replicas, there, enter=enter)
        except gate.SickError:
            if edge and served:
                edge.hold(service)
            raise
        self._replacing[service.name] = new
        serving = [each.id for each in new or self._now(service.name)]
        if edge and serving != served:
            edge.switch(service, serving)

    def _replace_in_turn(self, service: Service) -> None:
        """Stop some old replicas and start new ones in their place, until all are new; the others serve meanwhile."""
        edge, left = self._edge(service), list(self._old.get(service.name, []))
        new = self._replacing.setdefault(service.name, [])
        self._replaced.append(service.name)
        for count in self._policy(service).groups(service.replicas):
            going, left = left[:count], left[count:]
            self.show.step(f"replace {count} {service.name}")
            if edge and (serving := [*left, *new]):
                edge.switch(service, [each.id for each in serving])
            self._end(service, going)
            new += self._beside(service, count)
            if edge:
                edge.switch(service, [each.id for each in (*left, *new)])
        self._end(service, left)

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

    def _edge(self, service: Service, patience: float = routes.PATIENCE) -> Edge | None:
        return routes.edge_of(self.engine, self.model.stack.project, service, patience)

    def _policy(self, service: Service) -> policy.Policy:
        return policy.of(service, back=self.back)

    def _now(self, name: str) -> list[Container]:
        return [each for each in self.engine.containers(self.model.stack.project) if each.service == name]
