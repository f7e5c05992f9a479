"""What a release would change, service by service, before anything is touched."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from upready.releases import override, policy, routes, sharing
from upready.runtime.docker import image_contents
from upready.runtime.docker.containers import Containers
from upready.runtime.interface import Container
from upready.stack import compose, compose_call
from upready.stack.model import Model, Service, unescape
from upready.stack.selection import Stack

if TYPE_CHECKING:
    from upready.schemas import releases

NOTHING, CREATED, SCALED, ROLLED, REPLACED = "nothing", "created", "scaled", "rolled", "replaced"
REMOVED = "removed"
"""What is done with a service: it is left as it is; it is made and started; it gets another number of replicas; new
replicas start beside the old ones; the old ones are stopped first. One of another environment is removed."""

ANEW = (CREATED, ROLLED, REPLACED)
"""What gives a service new containers."""

IMAGE = "its image"
"""The reason for a change where the image has other contents."""

HOOKS = ("pre_start", "post_start", "pre_stop")
"""Compose's lifecycle hooks."""

_HASH = "com.docker.compose.config-hash"
"""Compose's label on each container: a hash of what its service was when it was made."""


@dataclass(frozen=True)
class Change:
    """What a release does with one service.

    Attributes:
        service: Its name.
        action: One of the words above.
        reasons: Why it changes: settings by their names, the image, how many replicas.
        order: Why it is stopped first, where it is: what two of it cannot share.
        held: Whether its requests wait at the edge while it is away.
        in_turn: Whether only some of its replicas are stopped at a time (`parallelism`), and the others serve.
        image_size: Bytes of the image that it gets; None where its image stays, or is not there yet.
        size_before: Bytes of the image that it has; None where it does not run, or its image stays.
        hooks: The commands that compose's lifecycle hooks run: `pre_start: python migrate.py`.
    """

    service: str
    action: str
    reasons: tuple[str, ...] = ()
    order: str = ""
    held: bool = False
    in_turn: bool = False
    image_size: int | None = None
    size_before: int | None = None
    hooks: tuple[str, ...] = ()

    @property
    def gap(self) -> bool:
        """Whether the service is away for a while."""
        return self.action in (REPLACED, REMOVED) and not self.in_turn

    @property
    def words(self) -> str:
        """The change in words, for people."""
        told = f"{self.service} is {self.action}" if self.action != NOTHING else f"{self.service} stays as it is"
        reasons = f" ({', '.join(self.reasons)})" if self.reasons else ""
        if self.action != REPLACED:
            return f"{told}{reasons}"
        if self.in_turn:
            return f"{told}{reasons}, some replicas at a time, each stopped first ({self.order})"
        away = (
            "its requests wait at the edge, for 30 s at most" if self.held else "it is away until the new one is ready"
        )
        return f"{told}{reasons}, stopped first ({self.order}): {away}"

    def as_dict(self) -> releases.Change:
        """The change, as it stands under `services` in the JSON document."""
        return {
            "service": self.service,
            "action": self.action,
            "gap": self.gap,
            "held": self.held,
            "reasons": list(self.reasons),
            "order": self.order,
            "image_size": self.image_size,
            "size_before": self.size_before,
            "hooks": list(self.hooks),
        }


def find(
    engine: Containers,
    model: Model,
    containers: Sequence[Container],
    before: Mapping[str, Any] | None,
    *,
    recorded: bool = False,
    back: bool = False,
) -> list[Change]:
    """What a start of a model would change, in the order of the model's names.

    Args:
        engine: Where it runs.
        model: What is to run, as its files say.
        containers: What runs of it now.
        before: The merged model of what runs, where that is known: tells which settings differ.
        recorded: Whether the model says itself which release each of its services is of.
        back: Whether this is the way back to an earlier release.

    Raises:
        OpsError: Compose refuses the model.
        EngineError: The engine does not answer.
    """
    running = {name: [each for each in containers if each.service == name] for name in model.services}
    hashes = _hashes(_as_running(engine, model, running, recorded=recorded))
    ports = {port.published: service.name for service in model.wanted for port in service.ports}
    there = [
        each
        for each in model.services.values()
        if not each.config.get("provider") and (each.replicas or running[each.name])
    ]
    changes = {each.name: _change(engine, each, running[each.name], hashes, before, ports, back=back) for each in there}
    found = []
    for service in there:
        own = changes[service.name]
        if own.action not in (NOTHING, SCALED) or not service.replicas:
            continue
        anew = {name: each.action == CREATED for name, each in changes.items() if each.action in ANEW}
        if bound := sharing.reasons(service, anew):
            reasons = [*own.reasons, *bound]
            changes[service.name] = _moved(service, running[service.name], reasons, ports, back=back)
    for service in there:
        change = changes[service.name]
        if change.action == ROLLED and (others := sharing.sharers(model.services, service.name)):
            change = dataclasses.replace(change, action=REPLACED, order=f"{others[0]} shares what is its own")
        held = change.gap and routes.edge_of(engine, model.stack.project, service) is not None
        change = dataclasses.replace(change, held=held)
        found.append(_with_costs(engine, service, running[service.name], change))
    return found


def _with_costs(engine: Containers, service: Service, found: Sequence[Container], change: Change) -> Change:
    """The change, with the sizes of its images and the hooks that it runs."""
    if change.action not in ANEW:
        return change
    hooks = tuple(f"{kind}: {_words(hook)}" for kind in HOOKS for hook in unescape(service.config.get(kind) or []))
    new = before = None
    if change.action == CREATED or IMAGE in change.reasons:
        new = _size(engine, service.image)
        before = _size(engine, found[0].image_id) if found else None
    return dataclasses.replace(change, hooks=hooks, image_size=new, size_before=before)


def _size(engine: Containers, image: str) -> int | None:
    """Bytes of an image; None where it is not there."""
    found = engine.image(image)
    return int(found["Size"]) if found else None


def _words(hook: Mapping[str, Any]) -> str:
    command = hook.get("command") or []
    return command if isinstance(command, str) else " ".join(map(str, command))


def _as_running(
    engine: Containers, model: Model, running: Mapping[str, Sequence[Container]], *, recorded: bool
) -> Stack:
    """The stack, each of whose services has the release that it has now, unless that is recorded in it."""
    told = sharing.as_running(model.services, running)
    if recorded:
        return override.add(model.stack, told, override.BACK) if told else model.stack
    for name, service in model.services.items():
        if running[name] and not _images_differ(engine, service, running[name]):
            told[name] = {**override.as_running(service, running[name]), **told.get(name, {})}
    return override.add(model.stack, told)


def _hashes(stack: Stack) -> dict[str, str]:
    """Compose's hash of each service."""
    line = compose.command(stack, "config", "--hash", "*")
    result = compose_call.run(line, cwd=stack.root, env=stack.variables, timeout=compose.MERGE)
    if result.code:
        raise compose.failure(result.stderr)
    pairs = (line.split() for line in result.stdout.splitlines())
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def _change(
    engine: Containers,
    service: Service,
    found: Sequence[Container],
    hashes: Mapping[str, str],
    before: Mapping[str, Any] | None,
    ports: Mapping[int, str],
    *,
    back: bool,
) -> Change:
    if not found:
        return Change(service.name, CREATED, ("it does not run",))
    if not service.replicas:  # nothing new of it is started, whatever else has changed
        return Change(service.name, SCALED, (f"0 replicas instead of {len(found)}",))
    reasons = []
    if _images_differ(engine, service, found):
        reasons.append(IMAGE)
    elif any(_labels(each).get(_HASH) != hashes.get(service.name) for each in found):
        known = ((before or {}).get("services") or {}).get(service.name)
        # Compose's hash has the ids of the containers whose volumes it gets, which no file can say.
        if not (known and service.config.get("volumes_from") and override.alike(known, service)):
            reasons += differences(known, service.config) if known else ["its settings"]
    if len(found) != service.replicas:
        reasons.append(f"{service.replicas} replicas instead of {len(found)}")
    if not reasons:
        return Change(service.name, NOTHING)
    if len(reasons) == 1 and len(found) != service.replicas:
        return Change(service.name, SCALED, tuple(reasons))
    return _moved(service, found, reasons, ports, back=back)


def _moved(
    service: Service, found: Sequence[Container], reasons: Sequence[str], ports: Mapping[int, str], *, back: bool
) -> Change:
    """The change of a service that gets new replicas in the place of the ones that run."""
    how = policy.of(service, back=back)
    why = stops_first(service, back=back) or _in_the_way(service, found, ports)
    why = why or ("" if how.order == policy.START_FIRST else own_data(found))
    in_turn = how.order == policy.STOP_FIRST and 0 < how.parallelism < min(service.replicas, len(found))
    return Change(service.name, REPLACED if why else ROLLED, tuple(reasons), why, in_turn=bool(why) and in_turn)


def stops_first(service: Service, *, back: bool = False) -> str:
    """Why the old replicas of a service must be stopped before new ones start; empty where both can run at once.

    Args:
        service: The service, as it is to run.
        back: Whether this is the way back to an earlier release.
    """
    config = service.config
    order = policy.of(service, back=back).order
    if service.ports or service.ranges:
        return f"it publishes port {(service.ports or service.ranges)[0].published} itself"
    if config.get("container_name"):
        return f"container_name: {config['container_name']}"
    if (mode := str(config.get("network_mode") or "")) == "host" or mode.startswith(("service:", "container:")):
        return f"network_mode: {mode}"
    if order == policy.STOP_FIRST:
        own = back and ((config.get("deploy") or {}).get("rollback_config") or {}).get("order")
        return f"deploy.{'rollback' if own else 'update'}_config.order: stop-first"
    volumes = [each for each in config.get("volumes") or [] if each.get("type") == "volume" and each.get("source")]
    if order != policy.START_FIRST and service.replicas == 1 and volumes:
        return f"one replica with the volume {volumes[0]['source']}"
    return ""


def _in_the_way(service: Service, found: Sequence[Container], ports: Mapping[int, str]) -> str:
    """Why a service must be stopped first as it runs now: another service gets its port. Empty where none does."""
    for each in found:
        for _, number, _, _ in each.ports:
            if ports.get(number, service.name) != service.name:
                return f"port {number} is {ports[number]}'s from now on"
    return ""


def own_data(found: Sequence[Container]) -> str:
    """Why a service must be stopped first as it runs now: its data are in volumes without a name, of its image or file.

    Only compose hands those on, to the container that takes the place of the one that has them. Empty where none are.
    """
    for each in found:
        for mount in each.raw.get("Mounts") or []:
            if mount.get("Type") == "volume" and re.fullmatch("[0-9a-f]{64}", str(mount.get("Name"))):
                return f"a volume without a name has its data at {mount['Destination']}"
    return ""


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The names of the settings in which two entries of a service differ; of variables, their names, never a value."""
    found = []
    for key in sorted({*before, *now} - {"build", "labels", "x-ops", "deploy", "depends_on", "image"}):
        old, new = before.get(key), now.get(key)
        if old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += [f"{key}.{each}" for each in sorted({*old, *new}) if old.get(each) != new.get(each)]
        else:
            found.append(key)
    return found or ["its settings"]


def _images_differ(engine: Containers, service: Service, found: Sequence[Container]) -> bool:
    """Whether the image to be run has other contents than the one that runs.

    Of a built one its labels alone are no difference: they name the commit. Its release has a tag that stays.
    """
    image = engine.image(service.image)
    if image is None:
        return False
    others = [each for each in found if each.image_id != image["Id"]]
    if not (service.built and all(each.release for each in others)):
        return bool(others)
    return any(image_contents.of(engine.image(each.image_id)) != image_contents.of(image) for each in others)


def _labels(container: Container) -> Mapping[str, str]:
    return (container.raw.get("Config") or {}).get("Labels") or {}
