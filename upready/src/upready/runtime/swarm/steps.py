"""What a deployment does to each service of a stack, before anything is touched."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from upready.runtime.actions import Action
from upready.runtime.docker import inspection
from upready.runtime.swarm import endpoint, names, pins
from upready.runtime.swarm.data_places import NOWHERE, DataPlaces
from upready.runtime.swarm.pins import Other, Pin
from upready.runtime.swarm.scheduling import START_FIRST, STOP_FIRST
from upready.runtime.swarm.translation import Service, Translation

_SHOWN = 4
"""So many reasons are told of one service."""


@dataclass(frozen=True)
class Step:
    """What is done to one service.

    Attributes:
        service: The service, as the API gets it.
        action: Create, recreate (its tasks are replaced), start (only how many, or how), unchanged.
        before: The service as it runs; None where it is new.
        reasons: What of it changes, a few words each.
        pin: The node on which it has to stay; None where it may run anywhere.
        notes: Sentences about what is different from what the compose file says.
        labels: The labels of the service that say whose it is, and are no part of it.
    """

    service: Service
    action: Action
    before: Mapping[str, Any] | None
    reasons: tuple[str, ...] = ()
    pin: Pin | None = None
    notes: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The service's name in the compose file."""
        return self.service.key

    @property
    def changes(self) -> bool:
        """Whether anything is done."""
        return self.action is not Action.UNCHANGED


@dataclass(frozen=True)
class Place:
    """Where a stack is deployed.

    Attributes:
        running: What runs of it, by the names in Swarm.
        nodes: The nodes.
        here: The manager's own node.
        data: Knows where its data is.
    """

    running: Mapping[str, Mapping[str, Any]]
    nodes: Sequence[Mapping[str, Any]]
    here: str
    data: DataPlaces = NOWHERE


def plan(stack: Translation, images: Mapping[str, str], place: Place, labels: Mapping[str, str]) -> list[Step]:
    """What a deployment does, service by service.

    Args:
        stack: The stack.
        images: What Swarm is to run of each service, by the service's name in the compose file.
        place: Where.
        labels: Labels that each changed service gets; they are no change by themselves.
    """
    wanted = {each.name: each.spec for each in stack.services.values()}
    running = {name: each["Spec"] for name, each in place.running.items()}
    others = [Other(spec, place.running.get(name)) for name, spec in {**running, **wanted}.items()]
    made = [_step(each, images.get(each.key, ""), place, labels, others) for each in stack.services.values()]
    changed = {each.key for each in made if each.action in (Action.RECREATE, Action.CREATE)}
    return [_along(each, changed) for each in made]


def _step(service: Service, image: str, place: Place, labels: Mapping[str, str], others: Sequence[Other]) -> Step:
    before = place.running.get(service.name)
    spec, notes = _ordered(_with_image(service, image))
    pin = pins.find(spec, before, others, place.nodes, place.here, place.data)
    if pin is not None:
        spec = pins.pinned(spec, pin)
    own = {**labels, inspection.SERVICE: service.key}
    made = dataclasses.replace(service, spec=_marked(spec, own))
    told = (*notes, *([str(pin)] if pin else ()))
    if before is None:
        return Step(made, Action.CREATE, None, pin=pin, notes=told, labels=own)
    same = (before["Spec"].get("Labels") or {}).get(names.HASH) == made.spec["Labels"][names.HASH]
    if same and not _emptied(before["Spec"], made.spec):
        return Step(made, Action.UNCHANGED, before, pin=pin, notes=told, labels=own)
    reasons = tuple(reasons_of(before["Spec"], made.spec))[:_SHOWN]
    return Step(made, Action.RECREATE, before, reasons, pin, told, own)


def _emptied(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a service has no replicas, and is to have some: a restore that was cut off may have left it so."""
    old, new = ((each.get("Mode") or {}).get("Replicated") or {} for each in (before, after))
    return old.get("Replicas") == 0 and bool(new.get("Replicas"))


def renamed(step: Step, image: str) -> Step:
    """A step whose image has another name, by which every node knows it: so it is the next deployment's, too."""
    labels = {key: value for key, value in step.service.spec["Labels"].items() if key not in step.labels}
    spec = _with_image(dataclasses.replace(step.service, spec={**step.service.spec, "Labels": labels}), image)
    return dataclasses.replace(step, service=dataclasses.replace(step.service, spec=_marked(spec, step.labels)))


def _marked(spec: Mapping[str, Any], own: Mapping[str, str]) -> dict[str, Any]:
    """A spec with the labels that say whose it is, and the mark of all else."""
    return {**spec, "Labels": {**(spec.get("Labels") or {}), **own, names.HASH: digest(spec)}}


def _along(step: Step, changed: set[str]) -> Step:
    """A service that is restarted after another one's change (`depends_on.restart`)."""
    others = [each for each in step.service.restarted_after if each in changed]
    if step.changes or not others:
        return step
    return dataclasses.replace(step, action=Action.RESTART, reasons=(f"{others[0]} changes",))


def _with_image(service: Service, image: str) -> dict[str, Any]:
    """The service with what Swarm is to run, and its name on each of its containers."""
    task = service.spec["TaskTemplate"]
    container = task["ContainerSpec"]
    labels = {**(container.get("Labels") or {}), inspection.SERVICE: service.key}
    container = {**container, "Image": image or container["Image"], "Labels": labels}
    return {**service.spec, "TaskTemplate": {**task, "ContainerSpec": container}}


def _ordered(spec: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The service, stopped first where it publishes ports of its node: a node has each of them once."""
    ports = (spec.get("EndpointSpec") or {}).get("Ports") or ()
    if not any(each.get("PublishMode") == endpoint.HOST and each.get("PublishedPort") for each in ports):
        return spec, ()
    found = dict(spec)
    notes: tuple[str, ...] = ()
    for key in ("UpdateConfig", "RollbackConfig"):
        if (found.get(key) or {}).get("Order") == START_FIRST:
            found[key] = {**found[key], "Order": STOP_FIRST}
            notes = ("is stopped before its new version starts: a node has its port once",)
    return found, notes


def digest(spec: Mapping[str, Any]) -> str:
    """A mark of all that makes a service, but for the labels of ours that say which release it is of."""
    labels = {key: value for key, value in (spec.get("Labels") or {}).items() if key not in (names.IMAGE, names.HASH)}
    whole = json.dumps({**spec, "Labels": labels}, sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()[:32]


def reasons_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """What differs between two specs, by the names that the API has; of variables, their names."""
    old, new = before["TaskTemplate"]["ContainerSpec"], after["TaskTemplate"]["ContainerSpec"]
    if old.get("Image") != new.get("Image"):
        yield "image"
    if variables := variables_of(before, after):
        yield f"variables: {', '.join(variables)}"
    for key in sorted({*old, *new} - {"Image", "Env", "Labels"}):
        if key in new and old.get(key) != new.get(key) and not _is_reference(key):
            yield key
    if before.get("Mode") != after.get("Mode"):
        yield "replicas"
    for key in ("Secrets", "Configs"):
        one = f"{key[:-1]}Name"
        if {each[one] for each in old.get(key) or ()} != {each[one] for each in new.get(key) or ()}:
            yield key.lower()


def variables_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The names of the variables that are not the same in two specs."""
    old, new = (set(each["TaskTemplate"]["ContainerSpec"].get("Env") or ()) for each in (before, after))
    return list(dict.fromkeys(each.partition("=")[0] for each in sorted(old ^ new)))


def _is_reference(key: str) -> bool:
    """Whether a part of a spec has ids that only Swarm knows, or values that it fills in."""
    return key in ("Secrets", "Configs", "Mounts", "Healthcheck", "Isolation", "Privileges")
