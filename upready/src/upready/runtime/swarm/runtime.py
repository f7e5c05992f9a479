"""The stack as services of Docker Swarm, by way of one of its managers; see `upready.runtime.interface.Runtime`.

What a manager's engine does for containers it does for those of its own node here, too; the rest is asked of Swarm.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from upready.runtime.actions import Action, Actions, Resource, ServiceAction
from upready.runtime.attempt import Attempt
from upready.runtime.docker.containers import Containers
from upready.runtime.interface import Container, Line, LogSource, Note, Stopped, silent
from upready.runtime.swarm import cluster, creation, exec_call, log_source, moves, names, preparation, presence, stores
from upready.runtime.swarm.deploy import Deploy
from upready.runtime.swarm.engine import SwarmEngine
from upready.runtime.swarm.preparation import Prepared
from upready.runtime.swarm.steps import Step
from upready.runtime.swarm.teardown import Teardown
from upready.runtime.swarm.watch import Changes
from upready.stack.selection import Stack
from upready.support.pipes import Call

if TYPE_CHECKING:
    from upready.runtime.docker.store import Store
    from upready.stack.model import Model

ENOUGH = 24 * 3600.0
"""Seconds for a start that somebody else watches."""


class Swarm(SwarmEngine):
    """A stack on a swarm."""

    @classmethod
    def on(cls, engine: Containers) -> Swarm:
        """The swarm that an engine manages.

        Raises:
            EngineError: It manages none; says what to do.
        """
        return cls(engine.client, engine.heartbeat, cluster.require(engine))

    def changes(self, project: str) -> Changes:
        """The changes of the stack's tasks."""
        return Changes(self, project)

    def source(self, project: str, services: Sequence[str] = (), note: Note = silent) -> LogSource:
        """The logs: of containers on this node from its engine, of others by way of the manager."""
        return log_source.Tasks(self, project, services, note)

    def fit(self, model: Model, tell: Note) -> Model:
        """A swarm runs whatever is not lost, which `check` tells."""
        return model

    def check(self, model: Model, tell: Note) -> Prepared:
        """Make sure that a model can run in Swarm, before anything is built or touched.

        Raises:
            UsageError: Something would be lost that is not accepted, a service would be moved off its data, or a value
                cannot be used.
            EngineError: The engine does not answer.
        """
        made = preparation.prepare(self, model, tell)
        moves.check(self, model, made.steps, tell)
        return made

    def actions(self, model: Model) -> Actions:
        """What a deployment would do to each service."""
        notices: list[str] = []
        made = self.check(model, notices.append)
        there = self.networks(model.stack.project)
        absent = [spec["Name"] for spec in made.stack.networks.values() if spec["Name"] not in there]
        return Actions(
            tuple(
                ServiceAction(each.key, each.action, self._names_of(each), each.reasons)
                for each in made.steps
                if each.key in model.services
            ),
            tuple(Resource("network", name, Action.CREATE) for name in absent),
            tuple(self.strangers(model)),
            tuple(notices),
        )

    @staticmethod
    def _names_of(step: Step) -> tuple[str, ...]:
        return (step.service.name,) if step.before else ()

    def strangers(self, model: Model) -> list[str]:
        """The services of the stack that no file names any more, by their names in Swarm."""
        found = presence.services(self, model.stack.project)
        return [str(each["Spec"]["Name"]) for each in found if names.key_of(each) not in model.every]

    def start(self, model: Model, attempt: Attempt) -> None:
        """Create and change services, each when its dependencies allow it.

        Raises:
            OpsError: Swarm refuses something, or has put a service back.
        """
        made = preparation.bring(self, self.check(model, silent), attempt.warn)
        ids = preparation.lay(self, made)
        attempt.made.set()
        Deploy(self, model.stack.project, ids, attempt, time.monotonic() + ENOUGH).run(made.steps)
        if not attempt.ending.is_set():
            creation.prune(self.client.api, made.stack)

    def restart(self, model: Model, services: Sequence[str], attempt: Attempt) -> None:
        """Have Swarm replace the tasks of services, as `update_config` says, in the order of `depends_on`."""
        steps = preparation.again(self, model, services)
        attempt.made.set()
        Deploy(self, model.stack.project, {}, attempt, time.monotonic() + ENOUGH).run(steps)

    def stores(self, project: str) -> list[Store]:
        """The named volumes of a project on each node, those of the manager's own first."""
        return stores.find(self, project)

    def present(self, project: str, *, data: bool = False) -> Stopped:
        """What a stop would remove."""
        return Teardown(self, project, data=data, tell=silent).found()

    def stop(
        self,
        project: str,
        *,
        data: bool = False,
        grace: float | None = None,
        stacks: Sequence[Stack] = (),
        tell: Note = silent,
    ) -> Stopped:
        """Remove a stack's services, networks, secrets and configs, and with `data` its volumes on each node."""
        if grace is not None:
            tell("--timeout counts for containers of one engine; in Swarm, stop_grace_period does")
        return Teardown(self, project, data=data, tell=tell, stacks=stacks).run()

    def remove(self, container: Container) -> None:
        """Nothing: Swarm itself starts and ends tasks."""

    def command(self, project: str, container: Container, words: Sequence[str], stack: Callable[[], Stack]) -> Line:
        """Docker's `exec` on the node that has the task."""
        return exec_call.line(self, container, words), None

    def piped(self, project: str, container: Container, words: Sequence[str], stack: Callable[[], Stack]) -> Call:
        """The same, without a terminal."""
        return exec_call.piped(self, container, words)

    def execute(self, project: str, container: Container, words: Sequence[str], stack: Callable[[], Stack]) -> int:
        """Run a command beside a task, on this terminal."""
        return exec_call.execute(self, container, words)


def of(engine: Containers, project: str) -> Containers:
    """The swarm that an engine manages, where a stack runs there; else the engine.

    Raises:
        EngineError: The engine does not answer.
    """
    return Swarm.on(engine) if presence.runs(engine, project) else engine
