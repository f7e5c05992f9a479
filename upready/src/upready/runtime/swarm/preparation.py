"""Everything that is decided before a deployment touches anything: the translation, images, nodes, and its steps."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from upready.runtime.actions import Action
from upready.runtime.docker import inspection
from upready.runtime.docker.engine import answering
from upready.runtime.interface import Note
from upready.runtime.swarm import (
    cluster,
    creation,
    data_places,
    mounts,
    moves,
    names,
    presence,
    registry,
    steps,
    task_state,
    translation,
)
from upready.runtime.swarm import images as transport
from upready.runtime.swarm import nodes as fleet_nodes
from upready.runtime.swarm.files import Lookup
from upready.runtime.swarm.registry import Pushed
from upready.runtime.swarm.steps import Place, Step
from upready.runtime.swarm.translation import Service, Translation
from upready.stack import compose_variables
from upready.stack.selection import Stack

if TYPE_CHECKING:
    from upready.runtime.swarm.engine import SwarmEngine
    from upready.stack.model import Model


@dataclass(frozen=True)
class Prepared:
    """A deployment that can begin.

    Attributes:
        stack: The stack as Swarm gets it.
        steps: What is done to each service.
        registry: The registry through which images go; empty for none.
        pushed: The images that go there, by the names that the steps have for them.
    """

    stack: Translation
    steps: list[Step]
    registry: str = ""
    pushed: Mapping[str, Pushed] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """What Swarm is to run.

    Attributes:
        named: What each service is to name as its image, by the service's name in the compose file.
        pushed: What goes to the registry of it, by those names.
        volumes: The paths of the volumes of each service's image, by the service's name in the compose file.
    """

    named: Mapping[str, str]
    pushed: Mapping[str, Pushed]
    volumes: Mapping[str, Sequence[str]] = field(default_factory=dict)


def prepare(swarm: SwarmEngine, model: Model, tell: Note, labels: Mapping[str, str] | None = None) -> Prepared:
    """Decide it all.

    Args:
        swarm: Where.
        model: What is to run.
        tell: Gets a sentence about each thing that is different from what the compose file says.
        labels: More labels for the services that change: which release they are of.

    Raises:
        UsageError: Something would be lost that is not accepted, or a value cannot be used.
        EnvFileError: REGISTRY is no address of a registry.
        EngineError: The engine does not answer.
    """
    through = registry.of(model.stack)
    nodes = cluster.nodes(swarm)
    mesh = cluster.has_mesh(swarm, nodes)
    stack = model.stack
    made = translation.of(model.raw, stack.directory, lookup(stack), accepted=swarm.accepted, mesh=mesh)
    running = {str(each["Spec"]["Name"]): each for each in presence.services(swarm, stack.project)}
    own = {**labels_of(stack), **(labels or {})}
    wanted = images(swarm, model, running, through)
    place = Place(running, nodes, swarm.node, data_places.Asked(swarm, stack.project))
    found = _run_again(swarm, stack, steps.plan(made, wanted.named, place, own))
    with answering():
        stale = creation.unlike(swarm.client.api, made)
    for note in (*_accepted(made), *made.notes, *stale):
        tell(note)
    for step in found:
        for note in (*step.notes, *_nameless(model, step, wanted)):
            tell(f"{step.key} {note}")
    return Prepared(made, found, through, wanted.pushed)


def _run_again(swarm: SwarmEngine, stack: Stack, planned: list[Step]) -> list[Step]:
    """The steps, with those of jobs that do not change, and whose last run has failed: they are run again."""
    if not any(each.service.job and not each.changes for each in planned):
        return planned
    failed = {each.service for each in swarm.containers(stack.project) if task_state.has_failed(each)}
    return [
        dataclasses.replace(each, action=Action.RECREATE, reasons=("its last run has failed",))
        if each.service.job and not each.changes and each.key in failed
        else each
        for each in planned
    ]


def _nameless(model: Model, step: Step, wanted: Wanted) -> Iterator[str]:
    """A sentence about data that a service may keep where no task finds it again."""
    keeps = not step.service.job and not moves.needs_none(model, step.key)
    if keeps and (paths := mounts.nameless(step.service.spec, wanted.volumes.get(step.key, ()))):
        yield (
            f"keeps what it writes to {', '.join(paths)} only as long as its task: that is a volume of its image "
            "without a name; mount a named one there to keep it"
        )


def _accepted(made: Translation) -> Iterator[str]:
    """A sentence for each key that is lost as the user accepts it."""
    for key in dict.fromkeys(each.key for each in made.losses):
        whose = dict.fromkeys(each.service for each in made.losses if each.key == key)
        yield f"without {key}, as accepted ({', '.join(filter(None, whose)) or made.project})"


def lookup(stack: Stack) -> Lookup:
    """The variables of which secrets and configs are made, as compose sees them."""

    def value(name: str) -> str | None:
        return stack.variables.get(name) or os.environ.get(name) or compose_variables.variable(stack.read_files, name)

    return value


def labels_of(stack: Stack) -> dict[str, str]:
    """The labels by which every checkout finds the stack."""
    return {
        names.PROJECT: stack.project,
        inspection.FILES: ",".join(map(str, stack.files)),
        inspection.FOLDER: str(stack.directory),
        inspection.ENVIRONMENT: stack.environment,
    }


def images(swarm: SwarmEngine, model: Model, running: Mapping[str, Mapping[str, Any]], through: str) -> Wanted:
    """What Swarm is to run of each service: the id of its image, so that a name which moves on changes nothing.

    A service whose image has the same layers and settings keeps the one that it has; but through a registry, no service
    keeps an id, which only nodes know that have the image.

    Args:
        swarm: Where.
        model: What is to run.
        running: The services that run, by their names in Swarm.
        through: The registry; empty for none.
    """
    from upready.runtime.docker import image_contents

    found: dict[str, str] = {}
    pushed: dict[str, Pushed] = {}
    volumes: dict[str, list[str]] = {}
    for name, service in model.services.items():
        image = swarm.image(service.image)
        if image is None:
            continue
        before = running.get(names.service(model.stack.project, name))
        old = str(before["Spec"]["TaskTemplate"]["ContainerSpec"].get("Image", "")) if before else ""
        same = old and image_contents.of(swarm.image(old)) == image_contents.of(image)
        found[name] = old if same else str(image["Id"])
        volumes[name] = list((image.get("Config") or {}).get("Volumes") or ())
        if through and found[name].startswith(registry.ID):
            came_from = "" if service.built else transport.origin(swarm, service.image)
            written = str((model.raw["services"].get(name) or {}).get("image") or f"{model.stack.project}-{name}")
            goes = Pushed(str(image["Id"]), written, registry.place(written, through))
            found[name] = came_from or goes.name
            pushed |= {} if came_from else {goes.name: goes}
    return Wanted(found, pushed, volumes)


def bring(swarm: SwarmEngine, made: Prepared, tell: Note) -> Prepared:
    """Bring the images of the services that change to the nodes that may run them, or to the registry.

    Args:
        swarm: Where.
        made: The deployment.
        tell: Gets a sentence for each image that is sent.

    Returns:
        The deployment, by the references that every node knows.

    Raises:
        StartError: A node lacks an image, and it is not known how to reach it; or the registry does not take one.
        EngineError: A node's engine does not answer, or refuses.
    """
    there = fleet_nodes.every(swarm.client.api)
    specs = [each.service.spec for each in made.steps if each.changes]
    if made.registry:
        transport.check_platforms(swarm, specs, there, {name: each.image for name, each in made.pushed.items()})
        wanted = [each for name, each in made.pushed.items() if name in {*map(names.image, specs)}]
        known = registry.push(swarm, wanted, made.registry, tell)
    elif len(there) < 2:
        return made
    else:
        known = transport.to_nodes(swarm, specs, there, tell, own=swarm.node, reach=swarm.of_node)
    return dataclasses.replace(made, steps=[_referring(each, known) for each in made.steps])


def _referring(step: Step, known: Mapping[str, str]) -> Step:
    """A step whose image is named as every node knows it."""
    image = names.image(step.service.spec)
    return steps.renamed(step, known[image]) if image in known else step


def lay(swarm: SwarmEngine, made: Prepared) -> dict[str, str]:
    """Make the networks, secrets and configs of a deployment; returns the ids of these two.

    Raises:
        StartError: Swarm refuses one.
        UsageError: An external one does not exist.
        EngineError: The engine does not answer.
    """
    from docker.errors import APIError

    from upready.runtime.swarm import deploy

    with answering():
        try:
            creation.networks(swarm.client.api, made.stack)
            return creation.files(swarm.client.api, made.stack)
        except APIError as error:
            raise deploy.refusal("a network, secret or config", error) from error


def again(swarm: SwarmEngine, model: Model, services: Sequence[str]) -> list[Step]:
    """The steps that replace the tasks of services as they are."""
    found = []
    for each in presence.services(swarm, model.stack.project):
        key = names.key_of(each)
        if key in services:
            waits = {other: how for other, how in model.service(key).depends_on.items() if other in services}
            job = any(kind in (each["Spec"].get("Mode") or {}) for kind in ("ReplicatedJob", "GlobalJob"))
            spec = dict(each["Spec"])
            found.append(Step(Service(key, spec, waits, job), Action.RESTART, each))
    return found
