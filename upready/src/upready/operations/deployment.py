"""One change of what serves: forward to a new release, or back to an earlier one."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from upready.data import versions
from upready.operations import consent, displaced, outcome, precaution
from upready.operations.launch import Launch
from upready.operations.launch_options import KEEP
from upready.operations.recovery import Recovery
from upready.operations.release_models import is_edge, named, require_images, with_images
from upready.readiness.health import Report
from upready.releases import leftovers, moved_images, plan, release_id
from upready.releases.gate import SickError
from upready.releases.history import BEGUN, DONE, FAILED, FRESH, PAUSED, READY
from upready.releases.plan import Change
from upready.releases.rollout import Rollout
from upready.runtime import current
from upready.runtime.docker import build_names
from upready.runtime.interface import Container, silent
from upready.stack import model, revision
from upready.stack.model import Model
from upready.support.errors import EngineError, StartError, UsageError

PROD, ROLLBACK = "prod", "rollback"
"""The names of the two tasks, as the record has them."""


@dataclass
class Deployment(Recovery):
    """One change of what serves: forward to a new release, or back to an earlier one.

    Attributes:
        keep: How many releases that have served are kept.
        edge_alone: Whether only the edge is brought to its new version.
        backup: Whether a backup is made before a release that runs migrations.
    """

    keep: int = KEEP
    edge_alone: bool = False
    backup: bool = True

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
        moved_images.keep(self.engine, self.record, self.history, self.project, running)
        seen = with_images(merged, built)
        changes = self._forward(seen, running)
        again = self._again(seen, changes)
        idle = all(each.action == plan.NOTHING or each.service in again for each in changes)
        # What was not ready at first runs all the same, and is no release that serves: it becomes one.
        if idle and self.history.current and (self.edge_alone or not self.history.unready):
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
        # What is not ready where nothing changes was not ready before: there is nothing to go back to.
        before = None if idle else self._recorded(self.history.current)
        target = model.load(self._with_releases(merged, changes, running, again, name))
        if self.edge_alone and before:
            target = self._with_old(target, before, [name for name in target.services if not is_edge(merged, name)])
        entry = {"task": PROD, "release": name, "commit": commit, **told}
        if idle:
            entry[FRESH] = True
        # What does not change keeps the image of an earlier release, whose name no other image may get.
        mine = [each for each in seen.services.values() if each.built and each.name in target.services]
        images = {each.name: each.image for each in mine if target.services[each.name].image.endswith(f":{name}")}
        ended = self._go(target, changes, running, before, entry, images)
        ended = dataclasses.replace(ended, backup=told.get("backup", {}).get("file", ""))
        if ended.error is None:
            try:
                self.prune(self.keep)
                build_names.sweep(self.engine, {each.image for each in merged.services.values() if each.built})
            except EngineError as error:
                self.show.warn(f"releases that are too many are still there: {error.message}")
        return ended

    def follows(self) -> bool:
        """Whether a release of this environment runs, which would be changed."""
        return bool(self.history.current) and not self._is_fresh(self._containers())

    def plan(self, merged: Model, built: Mapping[str, str]) -> tuple[list[Change], list[str]]:
        """What going forward would change, and the services that would run migrations.

        The arguments are those of `release`.
        """
        changes = self._forward(with_images(merged, built), self._containers())
        return changes, list(self._migrations(merged, changes)["migrations"])

    def may_migrate(self, merged: Model, built: Collection[str]) -> list[str]:
        """The services that run migrations, if each image that is still to be built turns out to be another one.

        Args:
            merged: The model.
            built: The services whose images are to be built.
        """
        changes = [
            dataclasses.replace(each, action=plan.ROLLED) if each.service in built else each
            for each in self._forward(merged, self._containers())
        ]
        return list(self._migrations(merged, changes)["migrations"])

    def _forward(self, merged: Model, running: Sequence[Container]) -> list[Change]:
        """What going forward would change."""
        changes = plan.find(self.engine, merged, running, self._raw(self.history.current))
        changes = self._in_place(changes, running)
        if self.edge_alone:
            if not any(is_edge(merged, each.service) for each in changes):
                raise UsageError(f"no service of {self.environment} is an edge", next="invoke prod --plan")
            changes = [
                each if is_edge(merged, each.service) else Change(each.service, plan.NOTHING) for each in changes
            ]
        return self._with_removals(merged, changes)

    def _in_place(self, changes: Sequence[Change], running: Sequence[Container]) -> list[Change]:
        """The changes; where another environment runs, compose puts this one in its place, and nothing is rolled."""
        if not self._is_fresh(running):
            return list(changes)
        why = f"{current.running_environment(self.settings, running) or 'something else'} runs now"
        return [
            dataclasses.replace(each, action=plan.REPLACED, order=why) if each.action == plan.ROLLED else each
            for each in changes
        ]

    def _with_removals(self, target: Model, changes: Sequence[Change]) -> list[Change]:
        """The changes, and the services that are removed because another one needs their port."""
        known = {each.service: each for each in changes}
        for container, reason in displaced.find(self.engine, self.settings, target):
            if container.service not in known:
                known[container.service] = Change(container.service, plan.REMOVED, (reason,))
        return list(known.values())

    def plan_back(self, name: str) -> list[Change]:
        """What going back would change."""
        return self._backward(self._served(name), self._containers())

    def _backward(self, target: Model, running: Sequence[Container]) -> list[Change]:
        before = self._raw(self.history.current)
        changes = plan.find(self.engine, target, running, before, recorded=True, back=True)
        return self._with_removals(target, self._in_place(changes, running))

    def back(self, name: str) -> Launch:
        """Back to a release that has served.

        Raises:
            UsageError: It is not known any more, or the user does not agree to what it leaves.
            OpsError: As `upready.operations.release.release` does.
        """
        moved_images.keep(self.engine, self.record, self.history, self.project, self._containers())
        target = self._served(name)
        consent.to_migrations(name, self.history.migrated(name), self.show)
        running = self._settled()
        before = self._recorded(self.history.current)
        changes = self._backward(target, running)
        consent.of_way_back(changes, name, self.show)
        leftovers.clear(self.engine, self.project)
        return self._go(target, changes, running, before, {"task": ROLLBACK, "release": name})

    def stay(self) -> Launch:
        """See that all of the release that serves is ready."""
        return self._start(self._served(self.history.current), self.history.current)

    def _served(self, name: str) -> Model:
        """The model of a release that has served, whose images are there."""
        target = self._recorded(name, "target")
        if target is None:
            raise UsageError(f"what the release {name} was made of is not recorded any more", next="invoke releases")
        require_images(self.engine, target, self.history.releases[name])
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
        made_of = {"model": target.raw, "profiles": target.stack.profiles}
        # What runs of another environment is no earlier version of this one: compose puts this one in its place.
        fresh = self._is_fresh(running)
        entry = {**entry, FRESH: True} if fresh else entry
        self._write(entry, BEGUN, {} if built is None else {str(entry["release"]): made_of})
        for name, image in (built or {}).items():
            self._tag(image, target.services[name].image)
        if fresh:
            displaced.remove(self.engine, self.settings, target, self.show.step)
        back, serves = entry["task"] == ROLLBACK, self.history.current or "what ran before"
        rollout = Rollout(self.engine, target, self.show, [] if fresh else changes, before, back=back)
        if not fresh:
            rollout.at_switch = lambda: self._write(entry, READY)
        done, ran, began = False, False, time.monotonic()
        try:
            rollout.run()
            ran = True
            ended, done = self._finish(rollout, changes, None if fresh else before, entry, serves)
            ended = dataclasses.replace(ended, ready_in=time.monotonic() - began)
        except SickError as sick:
            ended = self._sick(rollout, sick, entry, serves, running)
        except EngineError as error:
            if fresh or before is None or not self._is_back(error, entry):
                rollout.settled = False
                raise
            ended = self._after_loss(entry, target, before, serves, error)
            done, rollout.settled = ended.error is None, True
        except StartError as error:
            raise outcome.went_back(entry, serves, error, rollout, running) from error
        except BaseException:  # also Ctrl-C
            # Once the roll-out has ended, what is new serves, whatever was still waited for.
            rollout.settled = rollout.settled and not ran
            raise
        finally:
            if rollout.settled:  # else the next task settles it
                self._write(entry, DONE if done else PAUSED if rollout.paused else FAILED)
        return ended

    def _finish(
        self,
        rollout: Rollout,
        changes: Sequence[Change],
        before: Model | None,
        entry: Mapping[str, Any],
        serves: str,
    ) -> tuple[Launch, bool]:
        """Start what is not there yet after a roll-out, and go back where that is sick; returns whether all is done.

        Args:
            rollout: The roll-out, which has ended well.
            changes: What the release changes.
            before: What served; None where nothing did.
            entry: What is written down of the release.
            serves: The release that served.
        """
        target = rollout.model
        if rollout.unchanged and before:
            target = self._with_old(target, before, rollout.unchanged)
        left = rollout.left_out()
        ended = self._start(target, str(entry["release"]), left, rollout.had_their_time(left))
        ended = outcome.with_left_out(ended, rollout, left) if left else ended
        changed = {each.service for each in changes if each.action != plan.NOTHING}
        blamed = ({each.service for each in ended.failures} & changed) - {*rollout.failed}
        if ended.error is not None and blamed and before and self._put_back(entry, before, target):
            ended = dataclasses.replace(ended, error=outcome.returned(entry, serves, ended.error, []))
        elif ended.error is not None and not blamed and outcome.tolerates(rollout, ended.report.services):
            self.show.warn(f"{ended.error.message}: max_failure_ratio allows that")
            ended = dataclasses.replace(ended, error=None, failures=[])
        elif ended.error is None and rollout.unchanged:
            ended = dataclasses.replace(ended, error=outcome.unchanged(entry, rollout.unchanged))
        return ended, ended.error is None or not (FRESH in entry or blamed)

    def _sick(
        self, rollout: Rollout, sick: SickError, entry: Mapping[str, Any], serves: str, running: Sequence[Container]
    ) -> Launch:
        """How a release ends of which something was sick, after what ran before was put back."""
        report = Report(self.project, self.environment, tuple(sick.services), self.engine.name)
        if rollout.paused:
            error = outcome.paused(entry, sick.error, rollout.paused)
        else:
            error = outcome.went_back(entry, serves, sick.error, rollout, running)
        stack = named(rollout.model.stack, str(entry["release"]))
        failures = outcome.with_kept_logs(self.engine, self.project, sick.failures)
        return Launch(stack, report, time.monotonic() - self.began, {}, failures, error)

    def _settled(self) -> list[Container]:
        """What runs, once that is done."""
        self.settle()
        return self._containers()

    def _tag(self, image: str, other: str) -> None:
        """Give an image another name, too; one that is not there is told by what starts it."""
        if image != other and self.engine.image(image):
            self.engine.tag(image, other)
