"""A release in Swarm: each service is changed and judged by Swarm, and where one fails the whole stack goes back."""

from __future__ import annotations

import copy
import dataclasses
import functools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from upready.data import versions
from upready.operations import launch, outcome, swarm_routes
from upready.operations.launch import Launch
from upready.operations.launch_options import KEEP, Show
from upready.operations.release_models import Models, named
from upready.readiness.health import Health, Report, Verdict
from upready.readiness.one_look import judge_now
from upready.releases import carrier, history, override, prune, release_id
from upready.releases.history import BEGUN, DONE, FAILED, READY
from upready.runtime.actions import Action
from upready.runtime.attempt import Attempt
from upready.runtime.docker.inspection import RELEASE
from upready.runtime.interface import Container, silent
from upready.runtime.swarm import cluster, creation, losses, preparation, registry, retreat
from upready.runtime.swarm.deploy import Deploy, SickError
from upready.runtime.swarm.preparation import Prepared
from upready.runtime.swarm.runtime import Swarm
from upready.runtime.swarm.steps import Step
from upready.runtime.swarm.tasks import STARTING
from upready.stack import revision
from upready.stack.model import Model
from upready.support.errors import EngineError, OpsError, RolledBackError, StartError, UnhealthyError, UsageError

PROD, ROLLBACK = "prod", "rollback"
"""The names of the two tasks, as the record has them."""


@dataclass
class SwarmRelease(Models):
    """One change of what serves in Swarm: forward to a new release, or back to an earlier one.

    Attributes:
        show: Told of what happens, and asks the user.
        keep: How many releases that have served are kept.
    """

    engine: Swarm
    show: Show
    keep: int = KEEP
    _since: datetime = field(default_factory=lambda: datetime.now(UTC))

    def release(self, merged: Model, built: Mapping[str, str]) -> Launch:
        """Forward to what the files say.

        Args:
            merged: The model.
            built: The ids of the images that were built for it, by service.

        Raises:
            OpsError: As `upready.operations.release.release` does.
        """
        self.settle()
        seen = self._with_built(merged, built)
        planned = self._prepare(seen)
        changed = {each.key for each in planned.steps if each.changes}
        self._tell(planned)
        if not changed and self.history.current:
            self.show.step("nothing changes")
            ended = launch.start(self.engine, merged, self.show)
            return dataclasses.replace(ended, stack=named(ended.stack, self.history.current))
        commit = merged.stack.variables.get(revision.VARIABLE, "")
        name = release_id.make(commit, self.history.releases)
        target = self._tagged(seen, changed, name)
        entry = {"task": PROD, "release": name, "commit": commit}
        ended = self._go(target, entry, made_of={"model": target.raw, "profiles": target.stack.profiles})
        if ended.error is None:
            self.prune()
            if through := registry.of(merged.stack):
                registry.sweep(self.engine, through, cluster.services(self.engine, self.project))
        return ended

    def back(self, name: str) -> Launch:
        """Back to a release that has served.

        Raises:
            UsageError: It is not known any more.
            OpsError: As `upready.operations.release.release` does.
        """
        target = self._served(name)
        for service in target.wanted:
            if self.engine.image(service.image) is None:
                raise UsageError(f"the image of the release {name} is gone: {service.image}", next="invoke releases")
        versions.check(self.engine, target, target.wanted)
        self._tell(self._prepare(target))
        return self._go(target, {"task": ROLLBACK, "release": name})

    def plan(self, merged: Model, built: Mapping[str, str] | None = None) -> Prepared:
        """What going forward would change."""
        return self._prepare(self._with_built(merged, built or {}))

    def plan_back(self, name: str) -> Prepared:
        """What going back would change.

        Raises:
            UsageError: It is not known any more.
        """
        return self._prepare(self._served(name))

    def settle(self) -> None:
        """Write down how a change ended whose task was ended in its middle, and bring the stack to one release.

        Swarm goes on with the update of a service by itself; what was not begun yet is not.

        Raises:
            EngineError: The engine does not answer.
        """
        self.record.sweep()
        pending = self.history.pending
        if not pending:
            return
        told = {key: each for key, each in pending.items() if key not in ("time", "by", "result", "seconds", "number")}
        ready = pending["result"] == READY
        before = None if ready else self._recorded(self.history.current)
        if before is not None:
            self.show.step(f"{pending['release']} was cut off: back to {self.history.current}")
            self._accept(before)
            self._deploy(before, self._prepare(before))
        self._write(told, DONE if ready else FAILED)

    def prune(self) -> list[str]:
        """Remove the releases that are more than are to be kept; returns their names."""
        gone = prune.prune(self.engine, self.record, self.history, self.keep)
        if gone:
            self._write({"task": history.PRUNE, "release": "", "pruned": gone}, DONE)
        return gone

    def _served(self, name: str) -> Model:
        """The model of a release that has served.

        Raises:
            UsageError: It is not known any more.
        """
        target = self._recorded(name, "target")
        if target is None:
            raise UsageError(f"what the release {name} was made of is not recorded any more", next="invoke releases")
        self._accept(target)
        return target

    def _accept(self, target: Model) -> None:
        """Accept what a release loses that has served: somebody did so then."""
        self.engine.accepted = tuple({each.key for each in losses.find(target.raw)})

    def _prepare(self, target: Model, release: str = "") -> Prepared:
        labels = {**override.whose(self.settings.root), **({RELEASE: release} if release else {})}
        return preparation.prepare(self.engine, target, silent, labels)

    def _tell(self, planned: Prepared) -> None:
        for each in planned.steps:
            if each.changes:
                why = f" ({', '.join(each.reasons)})" if each.reasons else ""
                stays = f"; it {each.pin}" if each.pin else ""
                self.show.step(f"plan: {_words(each)}{why}{stays}")

    def _with_built(self, merged: Model, built: Mapping[str, str]) -> Model:
        """The model with the images that were built just now, whatever else has their names meanwhile."""
        every = merged.services.items()
        found = {name: dataclasses.replace(each, image=built.get(name, each.image)) for name, each in every}
        return dataclasses.replace(merged, services=found)

    def _tagged(self, seen: Model, changed: set[str], name: str) -> Model:
        """The model of the release: each built service that changes has an image with the release's name.

        One that does not change keeps the image that the release before has recorded for it.
        """
        raw = copy.deepcopy(dict(seen.raw))
        recorded = ((self._raw(self.history.current) or {}).get("services")) or {}
        for key, service in seen.services.items():
            if not service.built:
                continue
            image = str((recorded.get(key) or {}).get("image") or "")
            if key in changed or not image:
                written = str(raw["services"][key].get("image") or f"{self.project}-{key}")
                image = override.tag(dataclasses.replace(service, image=written), name)
                if self.engine.image(service.image):
                    self.engine.tag(service.image, image)
            raw["services"][key]["image"] = image
        every = seen.services.items()
        found = {
            key: dataclasses.replace(each, image=str(raw["services"][key].get("image") or each.image))
            for key, each in every
        }
        return dataclasses.replace(seen, raw=raw, services=found)

    def _go(self, target: Model, entry: Mapping[str, Any], made_of: Mapping[str, Any] | None = None) -> Launch:
        """Change what serves, and write down what came of it."""
        self._since = datetime.fromtimestamp(carrier.clock(self.engine), UTC)
        planned = preparation.bring(self.engine, self._prepare(target, str(entry["release"])), self.show.step)
        fresh = not any(each.before for each in planned.steps)
        serves = self.history.current or "what ran before"
        self._write(entry, BEGUN, made_of)
        done = False
        try:
            ended = self._first(target, planned) if fresh else self._change(target, planned, entry, serves)
            done = ended.error is None
            if done:
                creation.prune(self.engine.client.api, planned.stack)
        except EngineError:
            raise  # nobody knows how far it has come: the next task settles it
        except OpsError:
            self._write(entry, FAILED)
            raise
        self._write(entry, DONE if done else FAILED)
        return dataclasses.replace(ended, stack=named(ended.stack, str(entry["release"])))

    def _first(self, target: Model, planned: Prepared) -> Launch:
        """Start a stack of which nothing runs."""
        self.show.step("start")

        def begin(attempt: Attempt) -> None:
            ids = preparation.lay(self.engine, planned)
            attempt.made.set()
            until = time.monotonic() + target.stack.timeout
            Deploy(self.engine, self.project, ids, attempt, until).run(planned.steps)
            swarm_routes.lead(self.engine, target, attempt)

        return launch.until_ready(self.engine, target, target.wanted, begin, self.show)

    def _change(self, target: Model, planned: Prepared, entry: Mapping[str, Any], serves: str) -> Launch:
        """Change a stack that runs; where a service fails, all of them go back."""
        deploy = self._deployment(target, planned)
        try:
            deploy.run(planned.steps)
        except SickError as error:
            return self._returned(target, deploy, error, self._why(target, error), entry, serves)
        except StartError as error:
            return self._returned(target, deploy, error, [], entry, serves)
        begin = functools.partial(swarm_routes.lead, self.engine, target)
        ended = launch.until_ready(self.engine, target, target.wanted, begin, self.show)
        if ended.error is None:
            return ended
        changed = {each.key for each in deploy.begun}
        if not changed & {each.service for each in ended.failures}:
            return ended
        self._take_back(target, deploy)
        return dataclasses.replace(ended, error=outcome.returned(entry, serves, ended.error, []))

    def _deploy(self, target: Model, planned: Prepared) -> Deploy:
        """Carry out steps, and wait for each."""
        deploy = self._deployment(target, planned)
        deploy.run(planned.steps)
        return deploy

    def _deployment(self, target: Model, planned: Prepared) -> Deploy:
        ids = preparation.lay(self.engine, planned)
        until = time.monotonic() + target.stack.timeout
        told = lambda step: self.show.step(_words(step))  # noqa: E731 - one line reads better here
        return Deploy(self.engine, self.project, ids, Attempt(), until, judge=True, told=told)

    def _why(self, target: Model, error: SickError) -> list[Health]:
        """The task that made a service fail, as a replica that has failed."""
        found = self.engine.failed(self.project, error.service, self._since)
        if not found:
            now = [each for each in self.engine.containers(self.project) if each.service == error.service]
            found = [each for each in now if each.state != "running" or each.error]
        return [_sick(each) for each in found[:1]]

    def _returned(
        self,
        target: Model,
        deploy: Deploy,
        error: StartError,
        sick: Sequence[Health],
        entry: Mapping[str, Any],
        serves: str,
    ) -> Launch:
        """How a release ends of which a service failed, after the stack went back."""
        from upready import diagnosis

        healths = [*sick, *self._others(target, error)]
        told = [diagnosis.inspect(self.engine, target, each, healths) for each in sick]
        why: OpsError = error
        if told:
            words = f"{told[0].message} ({error.message})" if isinstance(error, SickError) else told[0].message
            why = StartError(words, details=list(told[0].evidence[-5:]), next=told[0].next)
        left = self._take_back(target, deploy)
        report = Report(self.project, self.environment, tuple(healths), self.engine.name)
        if left:
            ended: OpsError = UnhealthyError(
                f"the release {entry['release']} is sick, and so is {', '.join(left)} of {serves}: {why.message}",
                details=why.details,
                next="invoke diagnose",
            )
        else:
            ended = RolledBackError(
                f"the release {entry['release']} is sick, and {serves} serves: {why.message}",
                details=why.details,
                next=why.next,
            )
        return Launch(target.stack, report, time.monotonic() - self.began, {}, told, ended)

    def _others(self, target: Model, error: StartError) -> list[Health]:
        """The other services, as they are now."""
        found = self.engine.containers(self.project)
        wanted = [each for each in target.wanted if each.name != getattr(error, "service", "")]
        there = {each.service for each in found}
        known = [each for each in wanted if each.name in there]
        return list(judge_now(self.engine, self.project, self.environment, known, found).services)

    def _take_back(self, target: Model, deploy: Deploy) -> list[str]:
        """Bring back every service as it was; returns those that do not run again."""
        self.show.step(f"back to {self.history.current or 'what ran before'}")
        return retreat.run(self.engine, self.project, deploy.begun, target.stack.timeout)


def _words(step: Step) -> str:
    """A step in words, for people."""
    word = {
        Action.CREATE: "created",
        Action.RECREATE: "replaced" if not step.service.job else "run again",
        Action.RESTART: "restarted",
    }
    return f"{step.key} is {word.get(step.action, step.action.value)}"


def _sick(container: Container) -> Health:
    """A replica that has failed."""
    if container.health == "unhealthy" and container.state == STARTING:
        lines = container.probes[-1][1].strip().splitlines() if container.probes else []
        reason, cause = f"is unhealthy: {lines[-1] if lines else 'its health check does not pass'}", "unhealthy"
    elif container.error:
        reason, cause = f"could not be started: {container.error}", "start"
    elif container.oom_killed:
        reason, cause = "ran out of memory and was killed (OOM)", "oom"
    elif container.state in ("running", STARTING):
        reason, cause = "was not ready when time was up", "starting"
    else:
        reason, cause = f"exited with code {container.exit_code}", "exited"
    return Health(container.service, container.replica, container, None, Verdict.FAILED, reason, cause)
