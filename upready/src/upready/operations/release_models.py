"""The models of releases: what is to run as compose reads it, and what the record has of earlier ones."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from upready.releases import history, migrations, moved_images, override, plan, prune
from upready.releases.history import OPEN, Release
from upready.releases.plan import Change
from upready.releases.record import Record
from upready.runtime import current
from upready.runtime.docker import edge, image_contents
from upready.runtime.docker.containers import Containers
from upready.runtime.interface import Container
from upready.stack import model, revision
from upready.stack.model import Model
from upready.stack.selection import Stack
from upready.stack.settings import Settings
from upready.support import shell_words, state, users
from upready.support.errors import UsageError


@dataclass
class Models:
    """The models of one project's releases.

    Attributes:
        engine: Where they run.
        settings: The project's.
        environment: The environment of which releases are made.
    """

    engine: Containers
    settings: Settings
    environment: str

    def __post_init__(self) -> None:
        self.project = current.name(self.settings)
        self.record = Record(self.engine, self.project)
        self.history = history.read(self.record.entries())
        self.began = time.monotonic()

    def prune(self, keep: int) -> list[str]:
        """Remove the releases that are more than are to be kept; returns their names.

        Raises:
            EngineError: The engine does not answer.
        """
        began = time.monotonic()
        gone = prune.prune(self.engine, self.record, self.history, keep)
        if gone:
            seconds = round(time.monotonic() - began, 3)
            told = {"task": history.PRUNE, "release": "", "pruned": gone, "seconds": seconds}
            self._write(told, history.DONE, {name: {} for name in gone})
        return gone

    def _with_old(self, target: Model, before: Model, names: Sequence[str]) -> Model:
        """A model in which some services are as they were."""
        old = {name: before.raw["services"][name] for name in names if name in before.services}
        mixed = {**target.raw, "services": {**target.raw["services"], **old}}
        for section in ("networks", "volumes", "configs", "secrets"):
            mixed[section] = {**(before.raw.get(section) or {}), **(target.raw.get(section) or {})}
        path = state.make(self.settings.root) / "upready-mixed.yaml"
        state.write(path, mixed)
        return model.load(dataclasses.replace(target.stack, files=(path,)))

    def _again(self, merged: Model, changes: Sequence[Change]) -> dict[str, dict[str, Any]]:
        """The entries of the services that do not run and have not changed since the current release, by service."""
        recorded, found = self._raw(self.history.current), {}
        for name in [each.service for each in changes if each.action == plan.CREATED]:
            service = merged.services[name]
            told = override.as_recorded(service, recorded, self.environment)
            images = [self.engine.image(image) for image in (service.image, told.get("image", service.image)) if told]
            if told and None not in images and image_contents.of(images[0]) == image_contents.of(images[-1]):
                found[name] = told
        return found

    def _with_releases(
        self,
        merged: Model,
        changes: Sequence[Change],
        running: Sequence[Container],
        again: Mapping[str, Mapping[str, Any]],
        name: str,
    ) -> Stack:
        """The stack with a release, and the image of that release, for each service."""
        told = {}
        # Git tells it: not asked where nothing is new.
        whose = functools.cache(lambda: override.whose(self.settings.root))
        actions = {each.service: each.action for each in changes}
        for service in merged.services.values():
            found = [each for each in running if each.service == service.name]
            if service.name in again:
                told[service.name] = dict(again[service.name])
            elif actions.get(service.name, plan.NOTHING) in (plan.NOTHING, plan.SCALED):
                told[service.name] = override.as_running(service, found)
            else:
                image = override.tag(service, name) if service.built else ""
                told[service.name] = override.entry(name, self.environment, image, whose())
        return override.add(merged.stack, told)

    def _as_running(self, merged: Model, running: Sequence[Container], again: Mapping[str, Mapping[str, Any]]) -> Model:
        return dataclasses.replace(merged, stack=self._with_releases(merged, [], running, again, ""))

    def _recorded(self, name: str, role: str = "before") -> Model | None:
        """The model of a recorded release; None where it is not known.

        Args:
            name: The release.
            role: What it is now, for the name of its file, which holds secrets: so few of them are ever there.
        """
        kept = self.record.model(name) if name else None
        if not kept or "model" not in kept:
            return None
        path = state.make(self.settings.root) / f"upready-{role}.yaml"
        state.write(path, kept["model"])
        stack = Stack(
            root=self.settings.root,
            environment=self.environment,
            files=(path,),
            profiles=tuple(kept.get("profiles") or ()),
            project=self.project,
            timeout=self.settings.environment(self.environment).timeout,
            strict=True,
        )
        return model.load(stack)

    def _migrations(self, merged: Model, changes: Sequence[Change]) -> dict[str, Any]:
        """What stands in the record about the migrations that a release runs."""
        told = self.history.releases.get(self.history.current)
        now = migrations.fingerprints(merged)
        found = migrations.find(merged, changes, now, told.fingerprints if told else {})
        return {"migrations": found, "fingerprints": now}

    def _write(
        self, entry: Mapping[str, Any], result: str, models: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        """Write an entry into the record.

        Args:
            entry: What it says.
            result: What came of it.
            models: The models of releases that are new, by name; an empty one of a release that is no more.
        """
        told = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "by": users.name(),
            "result": result,
            "seconds": round(time.monotonic() - self.began, 3),
            **entry,
        }
        number = self.record.append(told, self.history.last, models)
        self.history = self.history if result in OPEN else history.read(self.record.entries())
        self.history.last = number

    def _raw(self, name: str) -> Mapping[str, Any] | None:
        """The merged model of a recorded release as compose printed it; None where it is not known."""
        return ((self.record.model(name) or {}) if name else {}).get("model")


def named(stack: Stack, release: str) -> Stack:
    """A stack whose JSON document names the release."""
    return dataclasses.replace(stack, variables={**stack.variables, revision.VARIABLE: release})


def with_images(merged: Model, ids: Mapping[str, str]) -> Model:
    """A model whose services have images by their ids, as far as these are given."""
    every = merged.services.items()
    services = {name: dataclasses.replace(each, image=ids.get(name, each.image)) for name, each in every}
    return dataclasses.replace(merged, services=services)


def with_fewer(merged: Model, containers: Sequence[Container]) -> Model:
    """A model whose services have so many replicas fewer as there are containers of them."""
    counts = Counter(each.service for each in containers)
    every = merged.services.items()
    services = {name: dataclasses.replace(each, replicas=each.replicas - counts[name]) for name, each in every}
    return dataclasses.replace(merged, services=services)


def require_images(engine: Containers, target: Model, release: Release) -> None:
    """Make sure that the images of a recorded release are there.

    Raises:
        UsageError: One is gone; tells how it is had again.
        EngineError: The engine does not answer.
    """
    for service in target.wanted:
        if engine.image(service.image) is not None:
            continue
        if not (service.built or moved_images.is_its_own(service.image)):
            pull = f"docker pull {shell_words.word(service.image)}"
            step = shell_words.in_turn(pull, f"invoke rollback --to {release.release}")
        elif service.built and (commit := release.commit.partition("-")[0]):
            step = shell_words.in_turn(f"git checkout {commit}", "invoke prod")
        else:
            step = "invoke releases"
        raise UsageError(f"the image of the release {release.release} is gone: {service.image}", next=step)


def is_edge(merged: Model, name: str) -> bool:
    """Whether a service is the one through which all requests come."""
    return edge.LABEL in (merged.services[name].config.get("labels") or {})
