"""A release, step by step, and the way back.

Every new replica is started beside the old ones and must be ready before anything is switched. Until then a failure
leaves the old ones as they are. A service of which two cannot run at once is stopped first, and put back where a
later step fails: a stack goes forward as one, and back as one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from upready.releases import gate, order, plan, policy, retire, routes
from upready.releases.draining import SHORT, drain, grace, lasting
from upready.releases.plan import Change
from upready.releases.show import Show
from upready.runtime.attempt import Attempt
from upready.runtime.docker.containers import QUIETLY, Containers
from upready.runtime.docker.edge import Edge, EdgeError
from upready.runtime.interface import Container, silent
from upready.stack.model import Model, Service, unescape


@dataclass
class Rollout:
    """One way from what runs to a model.

    Attributes:
        engine: Where it runs.
        model: What is to run; each of its services has its release.
        changes: What that changes.
        before: The model of what runs now, to go back to; None where it is not known.
        show: Told of what happens.
        back: Whether this is the way back to an earlier release.
        kept: The names of containers that failed, which are kept for their logs.
        lost: The services that could not be put back.
        paused: The service at which it has stopped halfway, as its `failure_action` says; empty where it has not.
        failed: How many replicas of a service have failed that were allowed to.
        unchanged: The services of which no new replica was ready, so that the old ones stay.
        settled: Whether it has come to an end, this way or the other: nothing is left between two versions.
    """

    engine: Containers
    model: Model
    changes: Sequence[Change]
    before: Model | None
    show: Show
    back: bool = False
    paused: str = ""
    failed: dict[str, int] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    settled: bool = False
    _new: dict[str, list[Container]] = field(default_factory=dict)
    _old: dict[str, list[Container]] = field(default_factory=dict)
    _replaced: list[str] = field(default_factory=list)
    _aside: list[Container] = field(default_factory=list)
    _replacing: dict[str, list[Container]] = field(default_factory=dict)

    def run(self) -> None:
        """Do it.

        Raises:
            SickError: New containers did not become ready; what ran before runs again.
            OpsError: A step could not be done; the same.
        """
        for each in self.engine.containers(self.model.stack.project):
            self._old.setdefault(each.service, []).append(each)
        done = False
        try:
            for change in order.of(self.model, self.changes, self._old):
                self._change(change)
            self._switch()
            done = True
        finally:
            if not done and not self.paused:  # also after Ctrl-C
                self._undo()
                self.settled = True
        self._end_old()
        self.settled = True

    def left_out(self) -> set[str]:
        """The ids of new containers that failed and were allowed to."""
        found: set[str] = set()
        for name in self.failed:
            ready = {each.id for each in (*self._new.get(name, ()), *self._replacing.get(name, ()))}
            if ready:
                found |= {each.id for each in self._now(name)} - ready
        return found

    def _change(self, change: Change) -> None:
        """Bring one service to its new version, up to the switch.

        Raises:
            SickError: The new version is sick, and the service's `failure_action` does not let the release go on.
        """
        if change.action == plan.REMOVED:
            self._set_aside(change)
            return
        service = self.model.service(change.service)
        try:
            if change.in_turn:
                self._replace_in_turn(service)
            elif change.action == plan.REPLACED:
                self._replace(service, change)
            else:
                self._roll(service)
        except gate.SickError as sick:
            if self._policy(service).failure_action == policy.PAUSE:
                self._pause(service, sick.ready)
            raise

    def _pause(self, service: Service, ready: Sequence[Container]) -> None:
        """Stop halfway: what is ready serves beside what was not changed yet."""
        self.show.step(f"pause at {service.name}, as its failure_action says")
        made = self._new.get(service.name) or self._replacing.get(service.name) or []
        new, old = [*made, *ready], self._old.get(service.name, [])
        if service.name in self._replaced:
            if edge := self._edge(service):
                there = self._now(service.name)
                known = {each.id for each in (*new, *old)}
                edge.switch(service, [each.id for each in there if each.id in known] or [each.id for each in there])
        else:
            known = {each.id for each in (*new, *old)}
            self.kept += retire.keep(self.engine, [each for each in self._now(service.name) if each.id not in known])
            # As many old ones give way as there are new ones.
            self._new[service.name] = [*new, *old[len(new) :]] if new else []
            self._old[service.name] = old[: len(new)]
        self._switch()
        self._end_old()
        self.paused, self.settled = service.name, True

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
        new = self._new.setdefault(service.name, [])
        for count in self._policy(service).groups(service.replicas):
            self.show.step(f"start {count} new {service.name}" if old else f"start {service.name}")
            new += self._beside(service, count)
        if not new and old:
            # failure_action: continue. The others go on without it.
            self.show.warn(f"no new {service.name} is ready: the old one stays")
            self.unchanged.append(service.name)
            known = {each.id for each in old}
            retire.retire(self.engine, [each for each in self._now(service.name) if each.id not in known])

    def _beside(self, service: Service, count: int) -> list[Container]:
        """Start so many new replicas beside those that are there; returns the ones that are ready."""
        there = [each.id for each in self._now(service.name)]
        return self._admit(service, count, there, "--no-recreate", "--scale", f"{service.name}={len(there) + count}")

    def _admit(self, service: Service, count: int, there: Sequence[str], *scaling: str) -> list[Container]:
        """Let compose start new replicas of a service; returns the ones that are ready."""

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
            patient=how.failure_action == policy.PAUSE,
        )
        if len(new) < count:
            self.failed[service.name] = before + count - len(new)
        return new

    def _policy(self, service: Service) -> policy.Policy:
        return policy.of(service, back=self.back)

    def _replace(self, service: Service, change: Change) -> None:
        """Stop the old replicas, and start new ones in their place."""
        edge = self._edge(service)
        self.show.step(f"replace {service.name}{'; its requests wait meanwhile' if edge else ''}: {change.order}")
        self._replaced.append(service.name)
        there = [each.id for each in self._old.get(service.name, [])]
        if edge:
            old = self._old.get(service.name, [])
            spare = lasting(edge, old)  # nobody waits while this is found out
            edge.hold(service)
            if left := drain(edge, old, SHORT, lambda _: None, spare):
                self.show.warn(f"{service.name}: {left} requests are cut, for it is stopped first")
        new = self._admit(service, service.replicas, there)
        self._replacing[service.name] = new
        if edge:
            edge.switch(service, [each.id for each in new or self._now(service.name)])

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

    def _switch(self) -> None:
        """Let the new replicas in."""
        for name, new in self._new.items():
            service = self.model.service(name)
            if new and (edge := self._edge(service)):
                self.show.step(f"switch {name}")
                edge.switch(service, [each.id for each in new])

    def _end_old(self) -> None:
        """End the old replicas of what was switched, and what was stopped since it is no part of the model."""
        for name, new in self._new.items():
            if new and (old := self._old.get(name)):
                self._end(self.model.service(name), old)
        retire.retire(self.engine, self._aside, (), self.show.warn)

    def _edge(self, service: Service) -> Edge | None:
        return routes.edge_of(self.engine, self.model.stack.project, service, routes.PATIENCE)

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
            try:
                self._put_back(name, self.before)
            except gate.SickError as sick:
                # It must not hide why the release failed, nor may anybody be told that the old version serves.
                self.show.warn(f"{name} could not be put back: {sick.error.message}")
                self.lost.append(name)
        for each in self._aside:
            retire.start(self.engine, each)

    def _put_back(self, name: str, before: Model) -> None:
        """Start the old version of a service that was replaced, beside those old replicas that were not stopped yet."""
        back = Rollout(self.engine, before, (), None, self.show, back=True)
        service, now = before.service(name), self._now(name)
        known = {each.id for each in self._old.get(name, [])}
        stays = [each for each in now if each.id in known]
        if not stays:
            back._old = {name: now}
            back._replace(service, Change(name, plan.REPLACED, order="as it was"))
            return
        edge = self._edge(service)
        if edge:
            edge.switch(service, [each.id for each in stays])
        retire.retire(self.engine, [each for each in now if each.id not in known])
        if lacking := service.replicas - len(stays):
            stays += back._beside(service, lacking)
        if edge:
            edge.switch(service, [each.id for each in stays])

    def _now(self, name: str) -> list[Container]:
        return [each for each in self.engine.containers(self.model.stack.project) if each.service == name]
