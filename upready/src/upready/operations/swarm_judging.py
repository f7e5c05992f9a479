"""How a change in Swarm is carried out and judged: by what Swarm says of each service, and of the stack as a whole."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from upready.operations import launch, outcome, swarm_routes
from upready.operations.launch import Launch
from upready.operations.launch_options import Show
from upready.operations.release_models import Models
from upready.readiness.health import Health, Report, Verdict
from upready.readiness.one_look import judge_now
from upready.readiness.verdict import unhealthy
from upready.runtime.actions import Action
from upready.runtime.attempt import Attempt
from upready.runtime.interface import Container
from upready.runtime.swarm import preparation, retreat
from upready.runtime.swarm.deploy import Deploy, SickError
from upready.runtime.swarm.preparation import Prepared
from upready.runtime.swarm.runtime import Swarm
from upready.runtime.swarm.steps import Step
from upready.runtime.swarm.task_state import STARTING
from upready.stack.model import Model
from upready.support.errors import OpsError, RolledBackError, StartError, UnhealthyError


@dataclass
class Judging(Models):
    """A change that is carried out, and taken back where a service of it fails.

    Attributes:
        show: Told of what happens, and asks the user.
    """

    engine: Swarm
    show: Show
    _since: datetime = field(default_factory=lambda: datetime.now(UTC), kw_only=True)

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

        def told(step: Step) -> None:
            self.show.step(words(step))

        return Deploy(self.engine, self.project, ids, Attempt(), until, judge=True, told=told)

    def _why(self, target: Model, error: SickError) -> list[Health]:
        """The task that made a service fail, as a replica that has failed."""
        found = self.engine.failed(self.project, error.service, self._since)
        if not found:
            now = [each for each in self.engine.containers(self.project) if each.service == error.service]
            found = [each for each in now if each.state != "running" or each.error]
        return [_sick(self.engine.whole(each)) for each in found[:1]]

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


def words(step: Step) -> str:
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
        reason, cause = unhealthy(container), "unhealthy"
    elif container.error:
        reason, cause = f"could not be started: {container.error}", "start"
    elif container.oom_killed:
        reason, cause = "ran out of memory and was killed (OOM)", "oom"
    elif container.state in ("created", "running", STARTING):
        reason, cause = "was not ready when time was up", "starting"
    else:
        reason, cause = f"exited with code {container.exit_code}", "exited"
    return Health(container.service, container.replica, container, None, Verdict.FAILED, reason, cause)
