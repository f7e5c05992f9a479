"""Carry out the steps of a deployment: each service when its dependencies allow it, judged by what Swarm says."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from upready.runtime import startup_order
from upready.runtime.actions import Action
from upready.runtime.attempt import Attempt
from upready.runtime.docker.engine import answering
from upready.runtime.interface import Container
from upready.runtime.swarm import creation, task_state
from upready.runtime.swarm.steps import Step
from upready.support.errors import OpsError, StartError

if TYPE_CHECKING:
    from upready.runtime.swarm.engine import SwarmEngine

COMPLETED, BACK, PAUSED, BACK_PAUSED = "completed", "rollback_completed", "paused", "rollback_paused"
"""How an update ends, as Swarm calls it."""

STUCK, LATE = "stuck", "late"
"""How it does not end: no node takes its tasks; time is up."""

LOOK_EVERY = 0.25
"""Seconds between two looks at an update."""

QUIET = 1.5
"""Seconds after which an update of which Swarm says nothing has changed no task."""

PATIENCE = 10.0
"""Seconds for which a task may find no node before an update counts as stuck: another task may just be ending."""


_ID = re.compile(r" \([a-z0-9]{25}\)")
"""An id of Swarm's, as it stands behind a name."""


class SickError(StartError):
    """A service did not come up in its new version.

    Attributes:
        service: Its name in the compose file.
        state: How its update ended; empty for a job that failed.
    """

    def __init__(self, message: str, service: str, state: str) -> None:
        super().__init__(message, next=f"invoke diagnose {service}")
        self.service = service
        self.state = state


@dataclass
class Deploy:
    """One deployment.

    Attributes:
        swarm: Where.
        project: The stack's name.
        ids: The ids of the secrets and configs.
        attempt: Says whether it is still wanted.
        until: When time is up, by the monotonic clock.
        judge: Whether a job that fails ends it; where others watch the tasks, they do.
        told: Called with each service when it is begun.
        begun: The services that were touched, in that order.
    """

    swarm: SwarmEngine
    project: str
    ids: Mapping[str, str]
    attempt: Attempt
    until: float
    judge: bool = False
    told: Callable[[Step], None] = lambda _: None
    begun: list[Step] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _looked: tuple[float, list[Container]] = (0.0, [])

    def run(self, steps: Sequence[Step]) -> None:
        """Carry them out, in the order that `depends_on` asks for.

        Raises:
            SickError: A service did not come up.
            OpsError: Swarm refuses something.
        """
        every = {each.key: each for each in steps}
        after = {
            name: {other: how for other, how in each.service.after.items() if other in every}
            for name, each in every.items()
        }
        startup_order.start(
            after, lambda name, over: self._begin(every[name], over), self._reached, self.attempt.ending
        )

    def _begin(self, step: Step, over: threading.Event) -> None:
        if not step.changes:
            return
        self.told(step)
        with self._lock:
            self.begun.append(step)
        try:
            self._touch(step)
        except OpsError as error:
            self.attempt.refuse(step.key, error)
            raise
        self._looked = (0.0, [])
        if step.before is not None and not step.service.job:
            end = self.wait(step, lambda: over.is_set() or self.attempt.ending.is_set())
            if end not in (COMPLETED, ""):
                raise sick(step, end)

    def _touch(self, step: Step) -> None:
        from docker.errors import APIError

        with answering():
            try:
                creation.service(self.swarm.client.api, step.service, self.ids, again=step.action is Action.RESTART)
            except APIError as error:
                raise refusal(step.key, error) from error

    def wait(self, step: Step, over: Callable[[], bool]) -> str:
        """Wait for the end of an update; returns how it ended, empty where nobody waits any more."""
        began = time.monotonic()
        pending: float | None = None
        while not over():
            state = self._state(step.service.name)
            if state in (COMPLETED, BACK, PAUSED, BACK_PAUSED):
                return state
            now = time.monotonic()
            if not state and now - began > QUIET and self._settled(step):
                return COMPLETED
            pending = (pending or now) if self._pending(step) else None
            if pending is not None and now - pending > PATIENCE:
                return STUCK
            if now > self.until:
                return LATE
            time.sleep(LOOK_EVERY)
        return ""

    def settles(self, step: Step, seconds: float) -> bool:
        """Wait until as many tasks of a service run as there should be; returns whether that is so in time."""
        end = min(self.until, time.monotonic() + seconds)
        while not self._settled(step):
            if time.monotonic() > end:
                return False
            time.sleep(LOOK_EVERY)
        return True

    def _state(self, name: str) -> str:
        """What Swarm says of the last update of a service; empty where it says nothing yet."""
        api: Any = self.swarm.client.api
        with answering():
            found = api.inspect_service(name)
        return str((found.get("UpdateStatus") or {}).get("State") or "")

    def _settled(self, step: Step) -> bool:
        """Whether as many tasks run as there should be."""
        mode = step.service.spec.get("Mode") or {}
        wanted = (mode.get("Replicated") or {}).get("Replicas")
        found = self._of(step.key)
        return all(each.state == "running" for each in found) and wanted in (None, len(found))

    def _pending(self, step: Step) -> bool:
        """Whether a task finds no node."""
        return any(each.state == "created" and each.error for each in self._of(step.key))

    def _of(self, name: str) -> list[Container]:
        """The containers of a service, looked at anew a few times a second."""
        with self._lock:
            asked, found = self._looked
            if time.monotonic() - asked > LOOK_EVERY:
                found = self.swarm.containers(self.project)
                self._looked = time.monotonic(), found
        return [each for each in found if each.service == name]

    def _reached(self, _: str, other: str, condition: str, over: threading.Event) -> bool:
        """Whether a service meets one of compose's conditions.

        Raises:
            SickError: It never will, or time is up.
        """
        found = self._of(other)
        if self.judge and not over.is_set():
            if bad := next(filter(task_state.has_failed, found), None):
                raise failed(bad)
            if time.monotonic() > self.until:
                raise SickError(f"{other} was not ready when time was up", other, LATE)
        if not found:
            return False
        if condition == "service_completed_successfully":
            return all(each.state == "exited" and each.exit_code == 0 for each in found)
        if condition == "service_healthy":
            return all(each.state == "running" or self.attempt.ready(each) for each in found)
        return all(each.state not in ("created", task_state.STARTING) or each.started for each in found)


def failed(container: Container) -> SickError:
    """The error of a task that has failed, and that Swarm does not start again."""
    what = f"exited with code {container.exit_code}" if container.exit_code else "has failed"
    return SickError(f"{container.service} {what}", container.service, "")


def sick(step: Step, end: str) -> SickError:
    """The error of a service whose update did not end well."""
    what = {
        BACK: "did not become ready in its new version, and Swarm has put the old one back",
        PAUSED: "did not become ready in its new version, and Swarm has stopped the update",
        BACK_PAUSED: "did not become ready in its new version, nor in the old one again",
        STUCK: "finds no node for its new version",
        LATE: "was not ready in its new version when time was up",
    }
    return SickError(f"{step.key} {what.get(end, f'is {end}')}", step.key, end)


def refusal(service: str, error: Any) -> StartError:
    """The error of a service that Swarm refuses, in its own words; ids beside names say nothing to a reader."""
    said = str(error.explanation or error).strip()
    said = said.removeprefix("rpc error: code = ").partition("desc = ")[2] or said
    said = _ID.sub("", said)
    return StartError(f"Swarm refuses {service}: {said}", next="invoke config")
