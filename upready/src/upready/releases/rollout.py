"""A release, step by step, and the way back.

Every new replica is started beside the old ones and must be ready before anything is switched. Until then a failure
leaves the old ones as they are. A service of which two cannot run at once is stopped first, and put back where a
later step fails: a stack goes forward as one, and back as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from upready.releases import gate, order, plan, policy, retire, routes
from upready.releases.plan import Change
from upready.releases.steps import Steps
from upready.runtime.docker.edge import EdgeError
from upready.runtime.interface import Container, silent
from upready.stack.model import Model, Service


@dataclass
class Rollout(Steps):
    """One way from what runs to a model.

    Attributes:
        kept: The names of containers that failed, which are kept for their logs.
        lost: The services that could not be put back.
        paused: The service at which it has stopped halfway, as its `failure_action` says; empty where it has not.
        settled: Whether it has come to an end, this way or the other: nothing is left between two versions.
    """

    paused: str = ""
    kept: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    settled: bool = False
    _aside: list[Container] = field(default_factory=list)

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

    def left_out(self) -> list[Container]:
        """The new containers that failed and were allowed to."""
        found: list[Container] = []
        for name in self.failed:
            ready = {each.id for each in (*self._new.get(name, ()), *self._replacing.get(name, ()))}
            ready |= {each.id for each in self._stays.get(name, ())}
            if ready:
                found += [each for each in self._now(name) if each.id not in ready]
        return found

    def had_their_time(self, left: Sequence[Container]) -> list[Container]:
        """Those of the ones that are left out that nobody waits for again.

        Those that `max_failure_ratio` allows to fail, and those that run and were not ready in time. One that has ended
        is started again, as the engine of a swarm does.
        """
        return [each for each in left if each.state == "running" or self._tolerates(each.service)]

    def _tolerates(self, name: str) -> bool:
        service = self.model.service(name)
        return self._policy(service).tolerates(self.failed[name], service.replicas)

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
            elif change.action == plan.SCALED:
                self._scale(service)
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
            # As many old ones give way as there are new ones, unless these only join them.
            staying = [] if service.name in self._stays else old[len(new) :]
            self._new[service.name] = [*new, *staying] if new else []
            if service.name not in self._stays:
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

    def _switch(self) -> None:
        """Let the new replicas in."""
        for name in self._new:
            service = self.model.service(name)
            if self._changed(name) and (edge := self._edge(service)):
                self.show.step(f"switch {name}")
                there = [each for each in self._stays.get(name, ()) if each.state == "running"]
                edge.switch(service, [each.id for each in (*there, *self._new[name])])

    def _end_old(self) -> None:
        """End the old replicas of what was switched, and what was stopped since it is no part of the model."""
        for name in self._new:
            stays = {each.id for each in self._stays.get(name, ())}
            old = [each for each in self._old.get(name, ()) if each.id not in stays]
            if old and self._changed(name):
                self._end(self.model.service(name), old)
        retire.retire(self.engine, self._aside, (), self.show.warn)

    def _changed(self, name: str) -> bool:
        """Whether a service that was rolled or scaled has new replicas that are ready, or fewer than before."""
        return bool(self._new[name]) or (name in self._stays and name not in self.unchanged)

    def _undo(self) -> None:
        """Take the new replicas away, and put back what was replaced."""
        self.show.step("back to what ran before")
        for name in self._new:
            service, old = self.model.service(name), {each.id for each in self._old[name]}
            with suppress(EdgeError):
                if not old and (edge := self._edge(service, patience=0.0)):
                    edge.switch(service, ())  # to whatever has its name, as before
                elif old and (edge := self._edge(service)):
                    routes.pin(edge, service, self._old[name], silent)
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
