"""What compose would do to a project's containers: its own dry run, with the reasons that its labels tell.

Compose decides alone what has changed. Its dry run asks the engine what is there and changes nothing; no image need be
built. Two things it does all the same, so they are left out of it: it runs a service's provider, and loads its models.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from upready.runtime.actions import Action, Actions, Resource, ServiceAction, strongest
from upready.runtime.interface import Container
from upready.stack import compose, compose_call, compose_notices
from upready.stack.model import Model, Service, unescape
from upready.support.errors import StartError

if TYPE_CHECKING:
    from upready.runtime.docker.engine import Engine

HASH = "com.docker.compose.config-hash"
IMAGE = "com.docker.compose.image"
"""Labels by which compose knows what a container was made from: its service's configuration, and its image's id."""

_LINE = re.compile(
    r"\s*(?:DRY-RUN MODE -\s+)?(?P<kind>Container|Network|Volume)\s+\"?(?P<name>[^\s\"]+)\"?\s+(?P<does>\w+)"
)
_STEPS = {
    "Recreate": Action.RECREATE,
    "Recreated": Action.RECREATE,
    "Creating": Action.CREATE,
    "Created": Action.CREATE,
    # A container that is only stopped makes room for a recreated network; then the same container starts again.
    "Stopping": Action.RESTART,
    "Stopped": Action.RESTART,
    "Removing": Action.REMOVE,
    "Removed": Action.REMOVE,
}
"""What compose's words for its steps mean."""

_ALIVE = ("running", "paused", "restarting")


def actions(connected: Engine, merged: Model, *, apart: Sequence[str]) -> Actions:
    """What compose's `create` would do, and which containers would then be started.

    Args:
        connected: The engine.
        merged: The model.
        apart: Keys of a service by which compose does something also in a dry run.

    Raises:
        OpsError: What compose or the engine says, where the containers could not be made.
    """
    stack = merged.stack
    found = connected.containers(stack.project)
    left_out = {name for name, each in merged.services.items() if any(each.config.get(key) for key in apart)}
    told = _rehearse(connected, merged, sorted(merged.services.keys() - left_out) if left_out else None)
    look = _Look(connected, merged, found, told, _hashes(connected, merged))
    services = [look.apart(each) if each.name in left_out else look.service(each) for each in merged.services.values()]
    known = set(merged.every) if found else set()
    orphans = [each for each in found if each.service not in known and each.folder]
    # With COMPOSE_REMOVE_ORPHANS compose removes them.
    gone = [each for each in orphans if Action.REMOVE in told.containers.get(each.name, ())]
    return Actions(
        (
            *(each for each in services if each is not None),
            *(ServiceAction(each.service, Action.REMOVE, (each.name,)) for each in gone),
        ),
        tuple(told.resources),
        tuple(each.name for each in orphans if each not in gone),
        tuple(told.notices),
    )


@dataclass
class _Told:
    """What compose's dry run has said: by container what would be done to it, and the rest."""

    containers: dict[str, set[Action]] = field(default_factory=dict)
    resources: list[Resource] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def _rehearse(connected: Engine, merged: Model, names: Sequence[str] | None) -> _Told:
    """Compose's dry run of `create`, of some services or of all (None).

    Raises:
        OpsError: It says that the containers could not be made.
    """
    stack = merged.stack
    if names is not None and not names:
        return _Told()
    rest = ["create", "--no-build"] if names is None else ["up", "--no-start", "--no-build", "--no-deps", *names]
    result = compose_call.run(
        compose.command(stack, "--dry-run", *rest), connected, cwd=stack.root, env=stack.variables
    )
    if result.code:
        raise compose_call.failed(compose.failure(result.stderr, StartError), result.stderr, connected)
    return read(f"{result.stdout}\n{result.stderr}")


def read(said: str) -> _Told:
    """What compose's dry run has printed, as plain progress."""
    told = _Told(notices=compose_notices.read(said.splitlines()))
    resources: dict[tuple[str, str], set[Action]] = {}
    for line in said.splitlines():
        match = _LINE.match(line)
        action = _STEPS.get(match["does"]) if match else None
        if match is None or action is None:
            continue
        if match["kind"] == "Container":
            told.containers.setdefault(match["name"], set()).add(action)
        else:
            resources.setdefault((match["kind"].lower(), match["name"]), set()).add(action)
    for (kind, name), seen in resources.items():
        anew = {Action.REMOVE, Action.CREATE} <= seen
        told.resources.append(Resource(kind, name, Action.RECREATE if anew else strongest([*seen])))
    return told


def _hashes(connected: Engine, merged: Model) -> dict[str, str]:
    """Compose's hash of each service's configuration; empty if it cannot say."""
    stack = merged.stack
    line = compose.command(stack, "config", "--hash", "*")
    result = compose_call.run(line, cwd=stack.root, env=stack.variables, timeout=compose.MERGE)
    pairs = (line.split() for line in result.stdout.splitlines()) if result.code == 0 else ()
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


@dataclass(frozen=True)
class _Look:
    """A look at each service: what compose says of its containers, and why."""

    connected: Engine
    merged: Model
    found: Sequence[Container]
    told: _Told
    hashes: Mapping[str, str]

    def service(self, service: Service) -> ServiceAction | None:
        """What would be done to a service; None if it neither has nor needs a container."""
        own = [each for each in self.found if each.service == service.name]
        done = {each.name: self._of(each) for each in own}
        names = self._new_names(service, {each.name for each in self.found})
        done |= dict.fromkeys(names, Action.CREATE)
        if not done:
            return None
        action = strongest([*done.values()])
        changed = tuple(name for name, each in done.items() if each is not Action.UNCHANGED)
        reasons, variables = self._why(service, [each for each in own if done[each.name] is action], action)
        return ServiceAction(service.name, action, changed or tuple(done), reasons, variables)

    def apart(self, service: Service) -> ServiceAction:
        """What would be done to a service that is in no dry run; from compose's labels alone."""
        if service.config.get("provider"):
            return ServiceAction(service.name, Action.PROVIDE)
        own = [each for each in self.found if each.service == service.name]
        if not own:
            return ServiceAction(service.name, Action.CREATE)
        reasons, variables = self._why(service, own, Action.RECREATE)
        if reasons != _UNKNOWN:
            return ServiceAction(service.name, Action.RECREATE, tuple(each.name for each in own), reasons, variables)
        left = [each for each in own if each.state not in _ALIVE]
        action = Action.START if left else Action.UNCHANGED
        return ServiceAction(service.name, action, tuple(each.name for each in left or own))

    def _of(self, container: Container) -> Action:
        """What would be done to a container that is there."""
        seen = self.told.containers.get(container.name, set())
        # What is replaced or removed is stopped before.
        if seen:
            return strongest([each for each in seen if each is not Action.RESTART] or [Action.RESTART])
        return Action.UNCHANGED if container.state in _ALIVE else Action.START

    def _new_names(self, service: Service, there: Iterable[str]) -> list[str]:
        """The containers that compose would make of a service, beside those that are there."""
        given = service.config.get("container_name")
        project = re.escape(self.merged.stack.project)
        usual = re.compile(rf"{project}[-_]{re.escape(service.name)}[-_]\d+")
        new = [name for name, seen in self.told.containers.items() if Action.CREATE in seen and name not in {*there}]
        return sorted(name for name in new if name == given or usual.fullmatch(name))

    def _why(
        self, service: Service, containers: Sequence[Container], action: Action
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Why containers are recreated, and because of which variables."""
        if action not in (Action.RECREATE, Action.RESTART):
            return (), ()
        reasons, variables = [], set()
        for each in containers:
            labels = (each.raw.get("Config") or {}).get("Labels") or {}
            if labels.get(HASH) != self.hashes.get(service.name, labels.get(HASH)):
                reasons.append("configuration differs")
                variables |= self._differing(service, each)
            image = self.connected.image(service.image)
            if image is not None and labels.get(IMAGE, image["Id"]) != image["Id"]:
                reasons.append("image differs")
        return tuple(dict.fromkeys(reasons)) or _UNKNOWN, tuple(sorted(variables))

    def _differing(self, service: Service, container: Container) -> set[str]:
        """The variables that a service would give to a container with another value, or no longer."""
        image: Mapping[str, Any] = self.connected.image(container.image_id) or {}
        brought = set((image.get("Config") or {}).get("Env") or ())
        has = (container.raw.get("Config") or {}).get("Env") or ()
        before = {name: text for name, _, text in (each.partition("=") for each in has if each not in brought)}
        given = unescape(service.config.get("environment") or {})
        now = {str(name): str(text) for name, text in given.items() if text is not None}
        now = {name: text for name, text in now.items() if f"{name}={text}" not in brought}
        return {name for name in {*before, *now} if before.get(name) != now.get(name)}


_UNKNOWN = ("a network or container that it uses is made anew",)
"""Why compose replaces, or stops, a container whose configuration and image are the same."""
