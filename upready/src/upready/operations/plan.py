"""What a start of a stack would do, as data: `.env`, images, each service, and what is waited for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from upready.data import versions
from upready.dotenv import drafted
from upready.operations import build, displaced, exclusive, kept_values, preflight, release_preview
from upready.operations.kept_values import NOTHING, Kept
from upready.operations.launch_options import Options
from upready.operations.step import Step
from upready.runtime import choice
from upready.runtime.actions import Action, Actions
from upready.runtime.docker import dockerfiles, engine
from upready.runtime.interface import Note, Runtime
from upready.stack import compose_notices
from upready.stack.model import Model, Service
from upready.stack.selection import Stack
from upready.stack.settings import DOCKER, Settings

if TYPE_CHECKING:
    from upready.schemas import running


@dataclass(frozen=True)
class Image:
    """The image of a service, and what is done to have it: `build`, `pull`, or nothing (empty)."""

    service: str
    name: str
    provide: str = ""

    def as_dict(self) -> running.PlannedImage:
        """The image as it stands under `images` in the JSON document."""
        return {"service": self.service, "image": self.name, "provide": self.provide}


@dataclass(frozen=True)
class Plan:
    """What a task would do to a stack.

    Attributes:
        task: The task's name.
        stack: What it is about.
        runtime: Where it would run: `docker` or `native`.
        actions: What would be done to services, networks and volumes.
        waits: By service what tells that it is ready, in words.
        images: The image of each service; empty where images are left as they are.
        generated: The variables of a new `.env` that would be generated; None where no `.env` would be written.
        displaced: Containers that would be removed since they have another service's port: name and reason.
        kept: What a new `.env` would take back from containers.
        migrations: The services whose migrations a release would run.
        backs_up: What would be backed up before that: services, and volumes of those that do not run.
    """

    task: str
    stack: Stack
    runtime: str
    actions: Actions
    waits: dict[str, str] = field(default_factory=dict)
    images: tuple[Image, ...] = ()
    generated: tuple[str, ...] | None = None
    displaced: tuple[tuple[str, str], ...] = ()
    kept: Kept = NOTHING
    migrations: tuple[str, ...] = ()
    backs_up: tuple[str, ...] = ()

    @property
    def steps(self) -> list[Step]:
        """The plan in the order in which it would be carried out."""
        made = [*self._env(), *self._images(), *self._backup(), *self._removals()]
        return [*made, *self._resources(), *self._services(), *self._wait()]

    def as_dict(self) -> running.LaunchPlan:
        """The JSON document of a dry run."""
        return {
            "dry": True,
            "task": self.task,
            "plan": [each.as_dict() for each in self.steps],
            "project": self.stack.project,
            "environment": self.stack.environment,
            "runtime": self.runtime,
            "env_file": self._env_file(),
            "images": [each.as_dict() for each in self.images],
            "services": [{**each.as_dict(), "ready": self.waits.get(each.service)} for each in self.actions.services],
            "resources": [each.as_dict() for each in self.actions.resources],
            "orphans": list(self.actions.orphans),
            "runs_migrations": list(self.migrations),
            "backs_up": list(self.backs_up),
            "timeout": self.stack.timeout,
        }

    def _env_file(self) -> running.EnvFile:
        made: running.EnvFile = {"written": self.generated is not None, "generated": list(self.generated or ())}
        if self.kept.values:
            made["taken_back"] = list(self.kept.values)
        return made

    def _env(self) -> Iterator[Step]:
        if self.generated is not None:
            made = ", ".join(self.generated) or "nothing"
            yield Step("write", (".env",), f"write .env from {self.stack.example.name}; generated: {made}")
        if self.kept.values:
            yield Step("write", tuple(self.kept.values), f"take back into .env: {self.kept}")

    def _images(self) -> Iterator[Step]:
        for provide in ("build", "pull"):
            if names := tuple(each.service for each in self.images if each.provide == provide):
                more = ", and recreate what gets another image by that" if self._may_be_recreated(names) else ""
                yield Step(provide, names, f"{provide} the images of {', '.join(names)}{more}")

    def _may_be_recreated(self, names: Sequence[str]) -> bool:
        """Whether some services have containers that a new image replaces, and nothing else does."""
        kept = {each.service for each in self.actions.services if each.action in (Action.UNCHANGED, Action.START)}
        return any(name in kept and self.runtime == DOCKER for name in names)

    def _backup(self) -> Iterator[Step]:
        if self.backs_up:
            built = {each.service for each in self.images if each.provide == "build"}
            perhaps = ", unless what is built is as before" if built.issuperset(self.migrations) else ""
            text = f"back up {', '.join(self.backs_up)} before the migrations of {', '.join(self.migrations)}{perhaps}"
            yield Step("back up", self.backs_up, text)

    def _removals(self) -> Iterator[Step]:
        for name, reason in self.displaced:
            yield Step("remove", (name,), f"remove {name}: {reason}")

    def _resources(self) -> Iterator[Step]:
        for action in Action:
            for kind in ("network", "volume"):
                found = (each for each in self.actions.resources if (each.action, each.kind) == (action, kind))
                if names := tuple(sorted(each.name for each in found)):
                    what = f"the {kind}{'' if len(names) == 1 else 's'} {', '.join(names)}"
                    yield Step(action.value, names, f"{action.value} {what}")

    def _services(self) -> Iterator[Step]:
        for action in Action:
            found = [each for each in self.actions.services if each.action is action is not Action.UNCHANGED]
            if names := tuple(each.service for each in found if not each.why):
                yield Step(action.value, names, f"{action.value} {', '.join(names)}")
            for each in found:
                if each.why:
                    yield Step(action.value, (each.service,), f"{action.value} {each.service}: {each.why}")

    def _wait(self) -> Iterator[Step]:
        if self.waits:
            text = f"wait until every service is ready, {self.stack.timeout:g} s at most"
            yield Step("wait", tuple(self.waits), text)


def launching(settings: Settings, environment: str, options: Options, tell: Note) -> Plan:
    """What `invoke dev` or `invoke prod` would do; nothing is done, and nothing remembered.

    The errors are those of `upready.operations.launch.launch` before it changes anything, and those of compose's dry
    run.

    Args:
        settings: The project's.
        environment: The environment.
        options: What was asked for.
        tell: Told of what is odd, a sentence each.

    Raises:
        OpsError: The launch would be refused.
    """
    exclusive.check(settings.root)
    selected = preflight.select(settings, environment, options.profiles, options.timeout)
    connected = choice.choose(settings, environment, tell, options.adopt, remember=False)
    if choice.is_swarm(connected):
        connected.accepted = options.accept
    with _with_values(settings, selected) as (stack, generated, kept):
        merged = preflight.examine(connected, stack, tell, dry=True)
        versions.check(connected, merged, merged.wanted)
        asked = connected if isinstance(connected, engine.Engine) else None
        images = _images(asked, merged, options) if asked else ()
        if asked and options.pull:
            build.pull(merged.stack, asked, dry=True)
        if asked is None and (unheard := options.unheard()):
            tell(unheard)
        actions = connected.actions(merged)
        gone = tuple((each.name, reason) for each, reason in displaced.find(connected, settings, merged))
        actions = _without_displaced(actions, {name for name, _ in gone})
        for notice in actions.notices:
            tell(notice)
        release = release_preview.of(settings, environment, options, connected, tell)
        built = [each.service for each in images if each.provide == "build"]
        ahead = release_preview.migrations(settings, options, release, merged, built) if release else ((), ())
        return Plan(
            task=environment,
            stack=selected,
            runtime=connected.name,
            actions=release_preview.changed(release, merged, actions) if release else actions,
            waits=waits(connected, merged, merged.wanted),
            images=images,
            generated=generated,
            kept=kept,
            displaced=gone,
            migrations=ahead[0],
            backs_up=ahead[1],
        )


def _without_displaced(actions: Actions, gone: Set[str]) -> Actions:
    """What a start would do once some containers are removed, of which compose's dry run still says that they stay."""
    left = tuple(each for each in actions.orphans if each not in gone)
    if len(left) == len(actions.orphans):
        return actions
    told = compose_notices.of_orphans(list(actions.orphans))
    notices = [each for each in actions.notices if each != told]
    if left:
        notices.append(compose_notices.of_orphans(list(left)))
    return replace(actions, orphans=left, notices=tuple(notices))


@contextlib.contextmanager
def _with_values(settings: Settings, stack: Stack) -> Iterator[tuple[Stack, tuple[str, ...] | None, Kept]]:
    """The stack with the `.env` that the launch would write, what it would generate, and what it would take back.

    None where it writes none.
    """
    if not drafted.is_missing(stack):
        yield stack, None, NOTHING
        return
    preflight.check_may_write(stack)
    kept = kept_values.take(settings, stack, None)
    with drafted.stack_with(stack, kept.values) as (later, names):
        yield later, tuple(each for each in names or () if each not in kept.values), kept


def _images(asked: engine.Engine, merged: Model, options: Options) -> tuple[Image, ...]:
    """The images of the services that are wanted, and of all that would be built.

    Raises:
        StartError: One that would only be built is not there, and nothing is built.
        BuildError: A Dockerfile cannot be read.
    """
    built = dockerfiles.find(merged) if options.build else {}
    wanted = {each.name for each in merged.wanted}
    found = []
    for service in merged.services.values():
        if service.name in built:
            provide = "build"
        elif service.name not in wanted:
            continue
        elif service.built:
            build.check_there(asked, service)
            provide = ""
        else:
            always = service.config.get("pull_policy") == "always"
            provide = "pull" if options.pull or always or asked.image(service.image) is None else ""
        found.append(Image(service.name, service.image, provide))
    return tuple(found)


def waits(connected: Runtime, merged: Model, services: Sequence[Service]) -> dict[str, str]:
    """What tells of each service that it is ready, in words; see `upready.readiness.verdict`."""
    return {each.name: _readiness(connected, merged, each) for each in services}


def _readiness(connected: Runtime, merged: Model, service: Service) -> str:
    if service.probe_url and connected.local:
        return f"{service.probe_url} answers"
    awaited = (each.depends_on.get(service.name) for each in merged.services.values())
    if "service_completed_successfully" in awaited:
        return "it is done"
    if not isinstance(connected, engine.Engine):
        health = (service.ops.get("native") or {}).get("health")
        return f"{health} answers" if health else f"it runs for {service.stable:g} s"
    check = service.config.get("healthcheck")
    if check is None:
        check = ((connected.image(service.image) or {}).get("Config") or {}).get("Healthcheck")
    off = not check or check.get("disable") or [*(check.get("test") or check.get("Test") or ())][:1] == ["NONE"]
    return f"it runs for {service.stable:g} s" if off else "its health check passes"
