"""One change of what serves: forward to a new release, or back to an earlier one."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from upready.data import versions
from upready.operations import consent, displaced, launch, outcome, precaution
from upready.operations.launch import Launch
from upready.operations.launch_options import KEEP, Show
from upready.operations.release_models import Models, is_edge, named, with_fewer, with_images
from upready.readiness.health import Report
from upready.releases import gate, history, leftovers, plan, prune, release_id, routes
from upready.releases.gate import SickError
from upready.releases.history import BEGUN, DONE, FAILED, PAUSED
from upready.releases.plan import Change
from upready.releases.rollout import Rollout
from upready.runtime import current
from upready.runtime.docker import build_names
from upready.runtime.interface import Container, Note, silent
from upready.stack import model, revision
from upready.stack.model import Model
from upready.support import users
from upready.support.errors import StartError, UsageError

PROD, ROLLBACK = "prod", "rollback"
"""The names of the two tasks, as the record has them."""


@dataclass
class Deployment(Models):
    """One change of what serves: forward to a new release, or back to an earlier one.

    Attributes:
        show: Told of what happens, and asks the user.
        keep: How many releases that have served are kept.
        edge_alone: Whether only the edge is brought to its new version.
        backup: Whether a backup is made before a release that runs migrations.
    """

    show: Show
    keep: int = KEEP
    edge_alone: bool = False
    backup: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.began = time.monotonic()

    def release(self, merged: Model, built: Mapping[str, str]) -> Launch:
        """Forward to what the files say.

        Args:
            merged: The model.
            built: The ids of the images that were built for it, by service.

        Raises:
            UsageError: The user does not agree to a gap.
            OpsError: As `upready.operations.release.release` does.
        """
        running = self._settled()
        seen = with_images(merged, built)
        changes = self._forward(seen, running)
        again = self._again(seen, changes)
        if all(each.action == plan.NOTHING or each.service in again for each in changes) and self.history.current:
            leftovers.clear(self.engine, self.project)
            self.show.step("nothing changes")
            known = self._recorded(self.history.current) if self.edge_alone else None
            target = known or self._as_running(merged, running, again)
            return self._start(target, self.history.current, tell=self.show.warn if running else silent)
        if not self._is_fresh(running):
            consent.to_gaps(changes, self.show)
        commit = merged.stack.variables.get(revision.VARIABLE, "")
        name = release_id.make(commit, self.history.releases)
        told = self._migrations(merged, changes)
        if self.backup and told["migrations"]:
            told["backup"] = precaution.make(self.settings, self.engine, merged, name, told["migrations"], self.show)
        leftovers.clear(self.engine, self.project)
        before = self._recorded(self.history.current)
        target = model.load(self._with_releases(merged, changes, running, again, name))
        if self.edge_alone and before:
            target = self._with_old(target, before, [name for name in target.services if not is_edge(merged, name)])
        entry = {"task": PROD, "release": name, "commit": commit, **told}
        # What does not change keeps the image of an earlier release, whose name no other image may get.
        mine = [each for each in seen.services.values() if each.built and each.name in target.services]
        images = {each.name: each.image for each in mine if target.services[each.name].image.endswith(f":{name}")}
        ended = self._go(target, changes, running, before, entry, images)
        ended = dataclasses.replace(ended, backup=told.get("backup", {}).get("file", ""))
        if ended.error is None:
            self.prune()
            build_names.sweep(self.engine, {each.image for each in merged.services.values() if each.built})
        return ended

    def prune(self) -> list[str]:
        """Remove the releases that are more than are to be kept; returns their names.

        Raises:
            EngineError: The engine does not answer.
        """
        gone = prune.prune(self.engine, self.record, self.history, self.keep)
        if gone:
            self._write({"task": history.PRUNE, "release": "", "pruned": gone}, DONE)
        return gone

    def plan(self, merged: Model, built: Mapping[str, str]) -> tuple[list[Change], list[str]]:
        """What going forward would change, and the services that would run migrations.

        The arguments are those of `release`.
        """
        changes = self._forward(with_images(merged, built), self._containers())
        return changes, list(self._migrations(merged, changes)["migrations"])

    def _forward(self, merged: Model, running: Sequence[Container]) -> list[Change]:
        """What going forward would change."""
        changes = plan.find(self.engine, merged, running, self._raw(self.history.current))
        if self._is_fresh(running):
            why = f"{current.running_environment(self.settings, running) or 'something else'} runs now"
            changes = [
                dataclasses.replace(each, action=plan.REPLACED, order=why) if each.action == plan.ROLLED else each
                for each in changes
            ]
        if self.edge_alone:
            if not any(is_edge(merged, each.service) for each in changes):
                raise UsageError(f"no service of {self.environment} is an edge", next="invoke prod --plan")
            changes = [
                each if is_edge(merged, each.service) else Change(each.service, plan.NOTHING) for each in changes
            ]
        return self._with_removals(merged, changes)

    def _with_removals(self, target: Model, changes: Sequence[Change]) -> list[Change]:
        """The changes, and the services that are removed because another one needs their port."""
        known = {each.service: each for each in changes}
        for container, reason in displaced.find(self.engine, self.settings, target):
            if container.service not in known:
                known[container.service] = Change(container.service, plan.REMOVED, (reason,))
        return list(known.values())

    def _is_fresh(self, running: Sequence[Container]) -> bool:
        """Whether what runs is no earlier version: another environment, or nothing."""
        return current.running_environment(self.settings, running) != self.environment

    def plan_back(self, name: str) -> list[Change]:
        """What going back would change."""
        return self._backward(self._served(name), self._containers())

    def _backward(self, target: Model, running: Sequence[Container]) -> list[Change]:
        before = self._raw(self.history.current)
        changes = plan.find(self.engine, target, running, before, recorded=True, back=True)
        return self._with_removals(target, changes)

    def back(self, name: str) -> Launch:
        """Back to a release that has served.

        Raises:
            UsageError: It is not known any more, or the user does not agree to what it leaves.
            OpsError: As `upready.operations.release.release` does.
        """
        target = self._served(name)
        consent.to_migrations(name, self.history.migrated(name), self.show)
        running = self._settled()
        before = self._recorded(self.history.current)
        changes = self._backward(target, running)
        leftovers.clear(self.engine, self.project)
        return self._go(target, changes, running, before, {"task": ROLLBACK, "release": name})

    def _served(self, name: str) -> Model:
        """The model of a release that has served, whose images are there."""
        target = self._recorded(name, "target")
        if target is None:
            raise UsageError(f"what the release {name} was made of is not recorded any more", next="invoke releases")
        for service in target.wanted:
            if self.engine.image(service.image) is None:
                raise UsageError(f"the image of the release {name} is gone: {service.image}", next="invoke releases")
        versions.check(self.engine, target, target.wanted)
        return target

    def _go(
        self,
        target: Model,
        changes: Sequence[Change],
        running: Sequence[Container],
        before: Model | None,
        entry: Mapping[str, Any],
        built: Mapping[str, str] | None = None,
    ) -> Launch:
        """Change what serves, and write down what came of it.

        Args:
            target: What is to serve.
            changes: What that changes.
            running: What runs now.
            before: What it was made of, where that is known.
            entry: What is written down of the change.
            built: The images that were built for it, by service; None where it is made of images that are there.
        """
        made_of = None if built is None else {"model": target.raw, "profiles": target.stack.profiles}
        self._write(entry, BEGUN, made_of)
        for name, image in (built or {}).items():
            self._tag(image, target.services[name].image)
        # What runs of another environment is no earlier version of this one: compose puts this one in its place.
        fresh = self._is_fresh(running)
        if fresh:
            displaced.remove(self.engine, self.settings, target, self.show.step)
        back, serves = entry["task"] == ROLLBACK, self.history.current or "what ran before"
        rollout = Rollout(self.engine, target, [] if fresh else changes, before, self.show, back=back)
        done = False
        try:
            rollout.run()
            if rollout.unchanged and before:
                target = self._with_old(target, before, rollout.unchanged)
            left = rollout.left_out()
            ended = self._start(target, str(entry["release"]), left, rollout.had_their_time(left))
            ended = outcome.with_left_out(ended, rollout, left) if left else ended
            changed = {each.service for each in changes if each.action != plan.NOTHING}
            blamed = ({each.service for each in ended.failures} & changed) - {*rollout.failed}
            if ended.error is not None and blamed and not fresh and before and self._put_back(before, target):
                ended = dataclasses.replace(ended, error=outcome.returned(entry, serves, ended.error, []))
            elif ended.error is not None and not blamed and outcome.tolerates(rollout, ended.report.services):
                self.show.warn(f"{ended.error.message}: max_failure_ratio allows that")
                ended = dataclasses.replace(ended, error=None, failures=[])
            elif ended.error is None and rollout.unchanged:
                ended = dataclasses.replace(ended, error=outcome.unchanged(entry, rollout.unchanged))
            done = ended.error is None or not (fresh or blamed)
        except SickError as sick:
            report = Report(self.project, self.environment, tuple(sick.services), self.engine.name)
            if rollout.paused:
                error = outcome.paused(entry, sick.error, rollout.paused)
            else:
                error = outcome.went_back(entry, serves, sick.error, rollout, running)
            stack = named(target.stack, str(entry["release"]))
            ended = Launch(stack, report, time.monotonic() - self.began, {}, list(sick.failures), error)
        except StartError as error:
            raise outcome.went_back(entry, serves, error, rollout, running) from error
        finally:
            if rollout.settled:  # else the next task settles it
                self._write(entry, DONE if done else PAUSED if rollout.paused else FAILED)
        return ended

    def _put_back(self, before: Model, target: Model) -> bool:
        """Bring back what served, after it was replaced as a whole; returns whether it serves again."""
        self.show.step(f"back to {self.history.current}")
        changes = plan.find(self.engine, before, self._containers(), target.raw, recorded=True, back=True)
        try:
            Rollout(self.engine, before, changes, target, self.show, back=True).run()
        except SickError as sick:
            self.show.warn(f"{self.history.current} is sick, too: {sick.error.message}")
            return False
        return self._start(before, self.history.current).error is None

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

    def settle(self) -> None:
        """Put right what a change has left that was ended before its end."""
        self.record.sweep()
        if pending := self.history.pending:
            old, new = self._recorded(self.history.current), self._recorded(pending["release"], "pending")
            stays_new = leftovers.settle(self.engine, self.project, old, new, self.show)
            leftovers.clear(self.engine, self.project)
            told = {key: each for key, each in pending.items() if key not in ("time", "by", "result", "seconds")}
            self._write(told, DONE if stays_new else FAILED)

    def _settled(self) -> list[Container]:
        """What runs, once that is done."""
        self.settle()
        return self._containers()

    def _containers(self) -> list[Container]:
        return self.engine.containers(self.project)

    def _tag(self, image: str, other: str) -> None:
        """Give an image another name, too; one that is not there is told by what starts it."""
        if image != other and self.engine.image(image):
            self.engine.tag(image, other)

    def _write(self, entry: Mapping[str, Any], result: str, made_of: Mapping[str, Any] | None = None) -> None:
        told = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "by": users.name(),
            "result": result,
            "seconds": round(time.monotonic() - self.began, 3),
            **entry,
        }
        number = self.record.append(told, self.history.last, made_of)
        self.history = history.read(self.record.entries()) if result != BEGUN else self.history
        self.history.last = number
