"""A change that was ended between two of its steps is brought to its end, or taken back: one version serves, whole."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from upready.operations import launch, outcome
from upready.operations.launch import Launch
from upready.operations.launch_options import Show
from upready.operations.release_models import Models, named, with_fewer
from upready.releases import gate, leftovers, plan, routes
from upready.releases.gate import SickError
from upready.releases.history import BEGUN, DONE, FAILED, FRESH, READY
from upready.releases.rollout import Rollout
from upready.runtime import current
from upready.runtime.interface import Container, Note, silent
from upready.stack.model import Model
from upready.support.errors import EngineError

PATIENCE = 30.0
"""Seconds for an engine that has gone in the middle of a change to come back, as it does when it is restarted."""


@dataclass
class Recovery(Models):
    """What is left of a change of what serves, and the way to one whole version.

    Attributes:
        show: Told of what happens, and asks the user.
    """

    show: Show

    def settle(self, *, whole: bool = True) -> None:
        """Put right what a change has left that was ended before its end.

        Args:
            whole: Whether what is not there any more of the version that stays is started again.
        """
        self.record.sweep()
        if pending := self.history.pending:
            stays_new = self._recover(pending, whole=whole)
            leftovers.clear(self.engine, self.project)
            told = {key: each for key, each in pending.items() if key not in ("time", "by", "result", "seconds")}
            self._write(told, DONE if stays_new else FAILED)

    def _recover(self, entry: Mapping[str, Any], *, whole: bool) -> bool:
        """The same for one change; returns whether it is done."""
        old, new = self._recorded(self.history.current), self._recorded(entry["release"], "pending")
        if entry.get(FRESH):
            old = None
        ready = entry["result"] == READY
        stays_new = leftovers.settle(self.engine, self.project, old, new, self.show, ready=ready)
        stays, goes = (new, old) if stays_new else (old, new)
        # Where nothing runs, or another environment, somebody has stopped it meanwhile.
        if whole and stays and goes and not self._is_fresh(self._containers()):
            self._complete(stays, goes)
        return stays_new

    def _complete(self, stays: Model, goes: Model) -> bool:
        """Bring back what is not there of a version, as from the other one; returns whether it serves."""
        if leftovers.is_whole(self._containers(), stays):
            return True
        self.show.step("starting what is not there any more")
        return self._bring_back(stays, goes)

    def _put_back(self, entry: Mapping[str, Any], before: Model, target: Model) -> bool:
        """Bring back what served, after it was replaced as a whole; returns whether it serves again."""
        self._write(entry, BEGUN)  # what is new is not ready: whoever goes on from here goes on to what was
        self.show.step(f"back to {self.history.current}")
        return self._bring_back(before, target)

    def _is_back(self, error: EngineError, entry: Mapping[str, Any]) -> bool:
        """Whether an engine that did not answer, or refused something, answers within some time."""
        if self.engine.heartbeat.answers():
            return True
        self.show.warn(f"{error.message}; waiting for it for {PATIENCE:g} s")
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.engine.heartbeat.answers():
                return True
        error.details.append(f"{entry['task']} of {entry['release']} is cut off: the next task puts that right")
        return False

    def _after_loss(
        self, entry: Mapping[str, Any], target: Model, before: Model, serves: str, error: EngineError
    ) -> Launch:
        """How a change ends in the middle of which the engine was away.

        Args:
            entry: What is written down of the change.
            target: What was to serve.
            before: What served.
            serves: The release that served.
            error: What the engine's absence led to.
        """
        last = self.record.entries()[-1:]
        if self._recover(last[0] if last else {**entry, "result": BEGUN}, whole=True):
            return self._start(target, str(entry["release"]))
        ended = self._start(before, self.history.current)
        return dataclasses.replace(ended, error=outcome.given_up(entry, serves, error, ended.error))

    def _bring_back(self, stays: Model, goes: Model) -> bool:
        """Roll from one version to another one that has served; returns whether that serves again."""
        changes = plan.find(self.engine, stays, self._containers(), goes.raw, recorded=True, back=True)
        try:
            Rollout(self.engine, stays, self.show, changes, goes, back=True).run()
        except SickError as sick:
            self.show.warn(f"what ran before is sick, too: {sick.error.message}")
            return False
        return self._start(stays, "").error is None

    def _start(
        self,
        target: Model,
        name: str,
        left: Sequence[Container] = (),
        unwaited: Sequence[Container] = (),
        tell: Note = silent,
    ) -> Launch:
        """Start what is not there yet, and see that everything is ready: what changed is by now.

        Args:
            target: What is to run.
            name: Its release.
            left: Containers that get no requests.
            unwaited: Those of them that nobody waits for.
            tell: Told where the edge sends requests elsewhere.
        """
        self.show.step("start")
        engine = gate.Without(self.engine, [each.id for each in unwaited]) if unwaited else self.engine
        with routes.following(self.engine, target, [each.id for each in left], tell) as begin:
            ended = launch.start(engine, with_fewer(target, unwaited), self.show, then=begin)
        return dataclasses.replace(ended, stack=named(ended.stack, name))

    def _is_fresh(self, running: Sequence[Container]) -> bool:
        """Whether what runs is no earlier version: another environment, or nothing."""
        return current.running_environment(self.settings, running) != self.environment

    def _containers(self) -> list[Container]:
        return self.engine.containers(self.project)
