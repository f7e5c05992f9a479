"""A release, step by step, and the way back.

Every new replica is started beside the old ones and must be ready before anything is switched. Until then a failure
leaves the old ones as they are. A service of which two cannot run at once is stopped first, and put back where a
later step fails: a stack goes forward as one, and back as one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from upready.releases import exchange, gate, order, plan, policy, retire, routes
from upready.releases.draining import drain, grace
from upready.releases.plan import Change
from upready.releases.steps import Steps
from upready.runtime.docker import pre_start
from upready.runtime.docker.edge import EdgeError
from upready.runtime.interface import Container, silent
from upready.stack.model import Model, Service, unescape
from upready.support.errors import EngineError


@dataclass
class Rollout(Steps):
    """One way from what runs to a model, each of whose services has its release.

    Attributes:
        changes: What that changes.
        before: The model of what runs now, to go back to; None where it is not known.
        lost: The services that could not be put back.
        paused: The service at which it has stopped halfway, as its `failure_action` says; empty where it has not.
        unchanged: The services of which no new replica was ready, so that the old ones stay.
        settled: Whether it has come to an end, this way or the other: nothing is left between two versions.
        at_switch: Called when all that is new is ready, before any of it is let in that could be kept out until then.
        new: The new containers of the services that are rolled, which are ready.
    """

    changes: Sequence[Change]
    before: Model | None
    paused: str = ""
    unchanged: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    settled: bool = False
    at_switch: Callable[[], None] = lambda: None
    new: dict[str, list[Container]] = field(default_factory=dict)
    _aside: list[Container] = field(default_factory=list)
    _early: list[Container] = field(default_factory=list)
    _stays: dict[str, list[Container]] = field(default_factory=dict)

    def run(self) -> None:
        """Do it.

        Raises:
            SickError: New containers did not become ready; what ran before runs again.
            OpsError: A step could not be done; the same.
        """
        project = self.model.stack.project
        self.edge_runs = routes.wake(self.engine, project, self.show.warn)
        for each in self.engine.containers(project):
            self.old.setdefault(each.service, []).append(each)
        done = False
        try:
            for change in order.of(self.model, self.changes, self.old):
                self._change(change)
            self.at_switch()
            self._switch()
            done = True
        finally:
            if not done and not self.paused:  # also after Ctrl-C
                self._undo()
                self.settled = True
            self.guard.close()
        self._end_old()
        self.settled = True

    def left_out(self) -> list[Container]:
        """The new containers that failed and were allowed to."""
        found: list[Container] = []
        for name in self.failed:
            serving = (*self.new.get(name, ()), *self.replacing.get(name, ()), *self._stays.get(name, ()))
            if ready := {each.id for each in serving}:
                found += [each for each in self.now(name) if each.id not in ready]
        return found

    def had_their_time(self, left: Sequence[Container]) -> list[Container]:
        """Those of the ones that are left out that nobody waits for again.

        Those that `max_failure_ratio` allows to fail, and those that run and were not ready in time. One that has ended
        is started again, as the engine of a swarm does.
        """
        return [each for each in left if each.state == "running" or self._tolerates(each.service)]

    def _tolerates(self, name: str) -> bool:
        service = self.model.service(name)
        return self.policy(service).tolerates(self.failed[name], service.replicas)

    def _change(self, change: Change) -> None:
        """Bring one service to its new version, up to the switch.

        Raises:
            SickError: The new version is sick, and the service's `failure_action` does not let the release go on.
        """
        if change.action == plan.REMOVED:
            self._set_aside(change)
            return
        service = self.model.service(change.service)
        self._free_ports(service)
        try:
            if change.in_turn:
                self._replace_in_turn(service)
            elif change.action == plan.REPLACED:
                self.replace(service, change)
            elif change.action == plan.SCALED:
                self._scale(service)
            else:
                self._roll(service)
        except gate.SickError as sick:
            if self.policy(service).failure_action == policy.PAUSE:
                self._pause(service, sick.ready)
            raise

    def _pause(self, service: Service, ready: Sequence[Container]) -> None:
        """Stop halfway: what is ready serves beside what was not changed yet."""
        self.show.step(f"pause at {service.name}, as its failure_action says")
        self.guard.release(service)
        made = self.new.get(service.name) or self.replacing.get(service.name) or []
        new, old = [*made, *ready], self.old.get(service.name, [])
        if service.name in self.replaced:
            if edge := self.edge(service):
                there = self.now(service.name)
                known = {each.id for each in (*new, *old)}
                edge.switch(service, [each.id for each in there if each.id in known] or [each.id for each in there])
        else:
            known = {each.id for each in (*new, *old)}
            self.kept += retire.keep(self.engine, [each for each in self.now(service.name) if each.id not in known])
            # As many old ones give way as there are new ones, unless these only join them.
            staying = [] if service.name in self._stays else old[len(new) :]
            self.new[service.name] = [*new, *staying] if new else []
            if service.name not in self._stays:
                self.old[service.name] = old[: len(new)]
        self._switch()
        self._end_old()
        with suppress(EngineError):  # what is new may have its port
            self._revive([each for each in self._early if each.service not in self.replaced])
        self.paused, self.settled = service.name, True

    def _free_ports(self, service: Service) -> None:
        """Stop those that have a port of a service now, and change after it: two services exchange their ports."""
        others = {each.service for each in self.changes if each.action in (plan.ROLLED, plan.REPLACED)}
        old = [each for containers in self.old.values() for each in containers if each not in self._early]
        for each in exchange.holders(service, old, others):
            if (now := self.engine.inspect(each.id)) and now.state == "running":
                self.show.step(f"stop {each.name}: {service.name} gets its port")
                self._early.append(each)
                retire.stop(self.engine, each, self._pre_stop(each.service), self.show.warn)

    def _set_aside(self, change: Change) -> None:
        """Stop a service that is not part of the model, since one that is needs its port."""
        for each in self.old.get(change.service, ()):
            self.show.step(f"stop {each.name}: {', '.join(change.reasons)}")
            self._aside.append(each)
            retire.stop(self.engine, each)

    def _roll(self, service: Service) -> None:
        """Start new replicas beside the old ones, as many at a time as the service's `parallelism` says."""
        old = self.old.setdefault(service.name, [])
        if old:
            if edge := self.edge(service):
                routes.pin(edge, service, old, self.show.warn)
                self.keep_route(service, old)
            self._pre_start(service)
        elif edge := self.edge(service, patience=0.0):
            with suppress(EdgeError):  # one that does not run lets nobody in
                edge.close(service)
        self._add(service, service.replicas)

    def _scale(self, service: Service) -> None:
        """Start replicas beside those that are there, or choose which ones go."""
        old = self.old.setdefault(service.name, [])
        if edge := self.edge(service):
            routes.pin(edge, service, old, self.show.warn)
            self.keep_route(service, old)
        order = sorted(old, key=lambda each: (each.state != "running", each.replica))
        self._stays[service.name] = order[: service.replicas]
        self._add(service, max(0, service.replicas - len(old)))

    def _add(self, service: Service, replicas: int) -> None:
        """Start so many new replicas beside the old ones, in groups."""
        old, new = self.old[service.name], self.new.setdefault(service.name, [])
        for count in self.policy(service).groups(replicas):
            self.show.step(f"start {count} new {service.name}" if old else f"start {service.name}")
            new += self.beside(service, count)
        if replicas and not new and old:
            # failure_action: continue. The others go on without it.
            self.show.warn(f"no new {service.name} is ready: the old one stays")
            self.unchanged.append(service.name)
            known = {each.id for each in old}
            retire.retire(self.engine, [each for each in self.now(service.name) if each.id not in known])

    def _replace_in_turn(self, service: Service) -> None:
        """Stop some old replicas and start new ones in their place, until all are new; the others serve meanwhile."""
        edge, left = self.edge(service), list(self.old.get(service.name, []))
        new = self.replacing.setdefault(service.name, [])
        self.replaced.append(service.name)
        for count in self.policy(service).groups(service.replicas):
            going, left = left[:count], left[count:]
            self.show.step(f"replace {count} {service.name}")
            if edge and (serving := [*left, *new]):
                edge.switch(service, [each.id for each in serving])
                self.keep_route(service, serving)
            self._end(service, going)
            new += self.beside(service, count)
            if edge:
                self.guard.release(service)
                edge.switch(service, [each.id for each in (*left, *new)])
        self._end(service, left)

    def _switch(self) -> None:
        """Let the new replicas in."""
        for name in self.new:
            service = self.model.service(name)
            if self._changed(name) and (edge := self.edge(service)):
                self.show.step(f"switch {name}")
                self.guard.release(service)
                there = [each for each in self._stays.get(name, ()) if each.state == "running"]
                if serving := [each.id for each in (*there, *self.new[name])]:
                    edge.switch(service, serving)
                else:  # without an id, they would go to whatever has its name
                    edge.close(service)

    def _end_old(self) -> None:
        """End the old replicas of what was switched, and what was stopped since it is no part of the model."""
        for name in self.new:
            stays = {each.id for each in self._stays.get(name, ())}
            old = [each for each in self.old.get(name, ()) if each.id not in stays]
            if old and self._changed(name):
                self._end(self.model.service(name), old)
        retire.retire(self.engine, self._aside, retire.NONE, self.show.warn)

    def _changed(self, name: str) -> bool:
        """Whether a service that was rolled or scaled has new replicas that are ready, or fewer than before."""
        return bool(self.new[name]) or (name in self._stays and name not in self.unchanged)

    def _end(self, service: Service, old: Sequence[Container]) -> None:
        """Let the old replicas finish what they are at, then stop them."""
        if edge := self.edge(service):
            seconds = grace(service)
            left = drain(edge, old, seconds, lambda count: self.show.step(f"{service.name}: {count} under way"))
            if left:
                self.show.warn(f"{service.name}: {left} requests were cut, after {seconds:g} s (stop_grace_period)")
        self.show.step(f"stop {len(old)} old {service.name}")
        retire.retire(self.engine, old, self._pre_stop(service.name), self.show.warn)

    def _pre_stop(self, name: str) -> retire.Hooks:
        """The hooks of a service as it runs, as far as that is known."""
        known = self.before.services.get(name) if self.before else None
        told = unescape((known or self.model.service(name)).config.get("pre_stop") or [])
        return retire.Hooks(told, self.model.stack.timeout)

    def _pre_start(self, service: Service) -> None:
        """Run the service's `pre_start` hooks once, by the new image: compose runs them only where no replica runs."""
        for hook in unescape(service.config.get("pre_start") or []):
            self.show.step(f"pre_start of {service.name}")
            pre_start.run(self.engine, self.model.stack, service.name, hook)

    def _undo(self) -> None:
        """Take the new replicas away, and put back what was replaced."""
        self.show.step("back to what ran before")
        there = [each for containers in self.old.values() for each in containers]
        self._revive([each for each in there if each not in (*self._aside, *self._early)])
        for name in self.new:
            service, old = self.model.service(name), self.old[name]
            with suppress(EdgeError):
                if not old and (edge := self.edge(service, patience=0.0)):
                    edge.switch(service, ())  # to whatever has its name, as before
                elif old and (edge := self.edge(service)):
                    routes.pin(edge, service, old, silent)
            known = {each.id for each in old}
            self.kept += retire.keep(self.engine, [each for each in self.now(name) if each.id not in known])
        # In the order of the release: what others need, or share, is there before them.
        for number, name in enumerate(self.replaced, 1):
            self.guard.release(self.model.service(name))
            if self.before is None or name not in self.before.services:
                self.show.warn(f"{name} cannot be put back: what ran before is not recorded")
                self.lost.append(name)
                continue
            now, others = self.engine.containers(self.model.stack.project), self.replaced[number:]
            for each in exchange.holders(self.before.service(name), now, others):
                retire.stop(self.engine, each)  # it is put back after this one
            try:
                back = Steps(self.engine, self.before, self.show, back=True, edge_runs=self.edge_runs, kept=self.kept)
                back.put_back(name, self.old.get(name, ()))
            except gate.SickError as sick:
                # It must not hide why the release failed, nor may anybody be told that the old version serves.
                self.show.warn(f"{name} could not be put back: {sick.error.message}")
                self.lost.append(name)
        self._revive([*self._aside, *self._early])

    def _revive(self, old: Sequence[Container]) -> None:
        """Start what was there before and has been stopped: by this release, or by an engine that was ended."""
        for each in old:
            if each.state == "running" and (now := self.engine.inspect(each.id)) and now.state == "exited":
                retire.start(self.engine, each)
