"""The steps of which a release and the way back are made: start replicas, judge them, put them in others' place."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from upready.readiness.start_thread import Start
from upready.releases import gate, plan, policy, retire, routes, standby
from upready.releases.draining import SHORT, drain, lasting
from upready.releases.plan import Change
from upready.releases.show import Show
from upready.runtime.attempt import Attempt
from upready.runtime.docker.containers import QUIETLY, Containers
from upready.runtime.docker.edge import Edge
from upready.runtime.interface import Container
from upready.stack.model import Model, Service


@dataclass
class Steps:
    """What can be done with one service after the other, on the way to a model.

    Attributes:
        engine: Where it runs.
        model: What is to run.
        show: Told of what happens.
        back: Whether this is the way back to an earlier release.
        failed: How many replicas of a service have failed that were allowed to.
        old: The containers that were there before, by service.
        replaced: The services whose old containers were stopped first.
        replacing: The new containers of these that are ready.
        guard: Keeps the edge from letting in what is not ready.
        edge_runs: Whether the edge, if there is one, can be told who serves.
        kept: The names of containers that failed, which are kept for their logs.
    """

    engine: Containers
    model: Model
    show: Show
    back: bool = field(default=False, kw_only=True)
    failed: dict[str, int] = field(default_factory=dict, kw_only=True)
    old: dict[str, list[Container]] = field(default_factory=dict, kw_only=True)
    replaced: list[str] = field(default_factory=list, kw_only=True)
    replacing: dict[str, list[Container]] = field(default_factory=dict, kw_only=True)
    edge_runs: bool = field(default=True, kw_only=True)
    kept: list[str] = field(default_factory=list, kw_only=True)

    def __post_init__(self) -> None:
        self.guard = routes.Guard(self.engine, self.model.stack.project)

    def beside(self, service: Service, count: int) -> list[Container]:
        """Start so many new replicas beside those that are there; returns the ones that are ready."""
        there = [each.id for each in self.now(service.name)]
        return self.admit(service, count, there, "--no-recreate", "--scale", f"{service.name}={len(there) + count}")

    def admit(
        self,
        service: Service,
        count: int,
        there: Sequence[str],
        *scaling: str,
        enter: Callable[[list[Container]], None] = lambda _: None,
        begin: Start | None = None,
    ) -> list[Container]:
        """Let compose, or `begin`, start new replicas of a service, and `enter` those that are ready.

        Returns:
            Those that stay so.
        """

        def by_compose(attempt: Attempt) -> None:
            line = ("up", "--detach", "--no-deps", *scaling, *QUIETLY, service.name)
            self.engine.compose(self.model.stack, attempt, *line)

        how, before = self.policy(service), self.failed.get(service.name, 0)
        new = gate.Gate(self.engine, self.model, self.show.health, self.show.warn).admit(
            dataclasses.replace(service, replicas=count),
            there,
            begin or by_compose,
            how.monitor,
            lambda failed: how.allows(before + failed, service.replicas),
            enter=enter,
            patient=how.failure_action == policy.PAUSE,
        )
        if len(new) < count:
            self.failed[service.name] = before + count - len(new)
        return new

    def replace(self, service: Service, change: Change, kept: list[str] | None = None) -> None:
        """Stop the old replicas, and start new ones in their place.

        These get requests once they are ready, and `monitor` begins then: until then, nobody would answer.

        Args:
            service: The service.
            change: What changes of it.
            kept: Where the old ones have failed: they are kept for their logs, and their names are added here.
        """
        edge, served = self.edge(service), list[str]()

        def enter(ready: Sequence[Container]) -> None:
            served[:] = [each.id for each in ready]
            if edge:
                self.guard.release(service)
                edge.switch(service, served)

        old = self.old.get(service.name, [])
        self.show.step(f"replace {service.name}{'; its requests wait meanwhile' if edge else ''}: {change.order}")
        made = standby.make(self.engine, self.model, service, old)
        self.replaced.append(service.name)
        if edge and edge.route(service).held:  # on the way back it may be
            self.guard.keep(service, lambda found: routes.hold(found, service))
        elif edge:
            spare = lasting(edge, old)  # nobody waits while this is found out
            edge.hold(service)
            self.guard.keep(service, lambda found: routes.hold(found, service))
            if left := drain(edge, old, SHORT, lambda _: None, spare):
                self.show.warn(f"{service.name}: {left} requests are cut, for it is stopped first")
        try:
            there, begin = [each.id for each in old], partial(standby.begin, self.engine, old, made, kept)
            new = self.admit(service, service.replicas, there, enter=enter, begin=begin if made else None)
        except gate.SickError:
            if edge and served:
                edge.hold(service)
            raise
        self.replacing[service.name] = new
        serving = [each.id for each in new or self.now(service.name)]
        if edge and serving != served:
            self.guard.release(service)
            edge.switch(service, serving)

    def put_back(self, name: str, old: Sequence[Container]) -> None:
        """Start a service that was replaced, beside those of its replicas that were not stopped yet.

        Args:
            name: The service, of which this is the version that ran before.
            old: The containers that were there before.

        Raises:
            SickError: It is not ready.
        """
        service, now, known = self.model.service(name), self.now(name), {each.id for each in old}
        stays = [each for each in now if each.id in known]
        try:
            if not stays:
                self.old = {name: now}
                self.replace(service, Change(name, plan.REPLACED, order="as it was"), self.kept)
                return
            if edge := self.edge(service):
                edge.switch(service, [each.id for each in stays])
            retire.retire(self.engine, [each for each in now if each.id not in known])
            if lacking := service.replicas - len(stays):
                stays += self.beside(service, lacking)
            if edge:
                edge.switch(service, [each.id for each in stays])
        finally:
            self.guard.close()

    def policy(self, service: Service) -> policy.Policy:
        """How a service changes, this way or back."""
        return policy.of(service, back=self.back)

    def edge(self, service: Service, patience: float = routes.PATIENCE) -> Edge | None:
        """The edge that serves a service; None where nothing does."""
        if not self.edge_runs:
            return None
        return routes.edge_of(self.engine, self.model.stack.project, service, patience)

    def keep_route(self, service: Service, containers: Sequence[Container]) -> None:
        """Have the edge send the requests of a service nowhere else, until it is switched."""
        serving = list(containers)
        self.guard.keep(service, lambda found: routes.pin(found, service, serving, self.show.warn))

    def now(self, name: str) -> list[Container]:
        """The containers of a service that there are now."""
        return [each for each in self.engine.containers(self.model.stack.project) if each.service == name]
