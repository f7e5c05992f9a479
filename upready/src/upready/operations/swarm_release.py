"""A release in Swarm: what it is made of, and what the record says of it."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from upready.data import versions
from upready.operations import consent, launch, precaution, swarm_changes, swarm_judging
from upready.operations.launch import Launch
from upready.operations.launch_options import KEEP
from upready.operations.release_models import is_edge, named, require_images
from upready.operations.swarm_judging import Judging
from upready.releases import carrier, override, release_id
from upready.releases.history import BEGUN, DONE, FAILED, READY
from upready.runtime.docker.inspection import RELEASE
from upready.runtime.interface import silent
from upready.runtime.swarm import creation, losses, moves, preparation, presence, registry, steps
from upready.runtime.swarm.preparation import Prepared
from upready.stack import revision
from upready.stack.model import Model
from upready.support.errors import EngineError, OpsError, UsageError

PROD, ROLLBACK = "prod", "rollback"
"""The names of the two tasks, as the record has them."""


@dataclass
class SwarmRelease(Judging):
    """One change of what serves in Swarm: forward to a new release, or back to an earlier one.

    Attributes:
        keep: How many releases that have served are kept.
        backup: Whether a backup is made before a release that runs migrations.
        edge_alone: Whether only the edge is brought to its new version.
    """

    keep: int = KEEP
    backup: bool = True
    edge_alone: bool = False

    def release(self, merged: Model, built: Mapping[str, str]) -> Launch:
        """Forward to what the files say.

        Args:
            merged: The model.
            built: The ids of the images that were built for it, by service.

        Raises:
            OpsError: As `upready.operations.release.release` does.
        """
        self.settle()
        seen = self._aimed(merged, built)
        planned = self._prepare(seen)
        changed = {each.key for each in planned.steps if each.changes}
        self._tell(planned)
        if not changed and self.history.current:
            self.show.step("nothing changes")
            ended = launch.start(self.engine, seen if self.edge_alone else merged, self.show)
            return dataclasses.replace(ended, stack=named(ended.stack, self.history.current))
        commit = merged.stack.variables.get(revision.VARIABLE, "")
        name = release_id.make(commit, self.history.releases)
        told = self._migrations(merged, swarm_changes.of(planned))
        if self.backup and told["migrations"]:
            told["backup"] = precaution.make(self.settings, self.engine, merged, name, told["migrations"], self.show)
        target = self._tagged(seen, changed, name)
        entry = {"task": PROD, "release": name, "commit": commit, **told}
        ended = self._go(target, entry, made_of={"model": target.raw, "profiles": target.stack.profiles})
        ended = dataclasses.replace(ended, backup=told.get("backup", {}).get("file", ""))
        if ended.error is None:
            self.prune(self.keep)
            if through := registry.of(merged.stack):
                registry.sweep(self.engine, through, presence.services(self.engine, self.project))
        return ended

    def back(self, name: str) -> Launch:
        """Back to a release that has served.

        Raises:
            UsageError: It is not known any more.
            OpsError: As `upready.operations.release.release` does.
        """
        target = self._served(name)
        require_images(self.engine, target, self.history.releases[name])
        versions.check(self.engine, target, target.wanted)
        planned = self._prepare(target)
        moves.check(self.engine, target, planned.steps, silent, back=True)
        consent.to_migrations(name, self.history.migrated(name), self.show)
        self._tell(planned)
        variables = [
            variable
            for each in planned.steps
            if each.before is not None
            for variable in steps.variables_of(each.before["Spec"], each.service.spec)
        ]
        consent.of_earlier_values(variables, name, self.show)
        return self._go(target, {"task": ROLLBACK, "release": name})

    def stay(self) -> Launch:
        """See that all of the release that serves is ready."""
        ended = launch.start(self.engine, self._served(self.history.current), self.show)
        return dataclasses.replace(ended, stack=named(ended.stack, self.history.current))

    def plan(self, merged: Model, built: Mapping[str, str] | None = None) -> tuple[Prepared, list[str]]:
        """What going forward would change, and the services that would run migrations."""
        planned = self._prepare(self._aimed(merged, built or {}))
        return planned, list(self._migrations(merged, swarm_changes.of(planned))["migrations"])

    def plan_back(self, name: str) -> Prepared:
        """What going back would change.

        Raises:
            UsageError: It is not known any more.
        """
        target = self._served(name)
        planned = self._prepare(target)
        moves.check(self.engine, target, planned.steps, silent, back=True)
        return planned

    def settle(self, *, whole: bool = True) -> None:
        """Write down how a change ended whose task was ended in its middle, and bring the stack to one release.

        Swarm goes on with the update of a service by itself; what was not begun yet is not.

        Args:
            whole: Whether the stack is brought back; not where it is about to be stopped.

        Raises:
            EngineError: The engine does not answer.
        """
        self.record.sweep()
        pending = self.history.pending
        if not pending:
            return
        told = {key: each for key, each in pending.items() if key not in ("time", "by", "result", "seconds", "number")}
        ready = pending["result"] == READY
        before = None if ready or not whole else self._recorded(self.history.current)
        if before is not None:
            self.show.step(f"{pending['release']} was cut off: back to {self.history.current}")
            with self._accepting(before):
                self._deploy(before, self._staying(before, self._prepare(before)))
        self._write(told, DONE if ready else FAILED)

    def _staying(self, before: Model, planned: Prepared) -> Prepared:
        """The deployment without the services that would leave their data: nobody is there to be asked for that."""
        left = {each.service: each for each in moves.find(self.engine, before, planned.steps)}
        for each in left.values():
            self.show.step(f"left as it is: {each}")
        return dataclasses.replace(planned, steps=[each for each in planned.steps if each.key not in left])

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
        """Accept what a release loses that has served, and nothing else: somebody did so then."""
        self.engine.accepted = tuple({each.key for each in losses.find(target.raw)})

    @contextlib.contextmanager
    def _accepting(self, target: Model) -> Iterator[None]:
        """Accept that within the block only: afterwards that counts again which the user accepts."""
        accepted = self.engine.accepted
        self._accept(target)
        try:
            yield
        finally:
            self.engine.accepted = accepted

    def _prepare(self, target: Model, release: str = "") -> Prepared:
        labels = {**override.whose(self.settings.root), **({RELEASE: release} if release else {})}
        return preparation.prepare(self.engine, target, silent, labels)

    def _tell(self, planned: Prepared) -> None:
        for each in planned.steps:
            if each.changes:
                why = f" ({', '.join(each.reasons)})" if each.reasons else ""
                stays = f"; it {each.pin}" if each.pin else ""
                self.show.step(f"plan: {swarm_judging.words(each)}{why}{stays}")

    def _aimed(self, merged: Model, built: Mapping[str, str]) -> Model:
        """The model that is to serve: what the files say, or what serves with the edge that the files say.

        Raises:
            UsageError: The edge alone is meant, and there is none, or nothing has been released yet.
        """
        if not self.edge_alone:
            return self._with_built(merged, built)
        edges = [name for name in merged.services if is_edge(merged, name)]
        if not edges:
            raise UsageError(f"no service of {self.environment} is an edge", next="invoke prod --plan")
        before = self._recorded(self.history.current)
        if before is None:
            raise UsageError("nothing has been released yet, whose edge could be changed alone", next="invoke prod")
        accepted = self.engine.accepted
        self._accept(before)
        self.engine.accepted += accepted
        kept = {name: each for name, each in merged.raw["services"].items() if name in {*edges, *before.services}}
        known = dataclasses.replace(merged, raw={**merged.raw, "services": kept})
        mixed = self._with_old(known, before, [name for name in before.services if name not in edges])
        return self._with_built(mixed, {name: image for name, image in built.items() if name in edges})

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
        self._write(entry, BEGUN, {str(entry["release"]): made_of} if made_of else {})
        done, began = False, time.monotonic()
        try:
            ended = self._first(target, planned) if fresh else self._change(target, planned, entry, serves)
            ended = dataclasses.replace(ended, ready_in=time.monotonic() - began)
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
