"""Images reach every node that may run a service without a registry: sent to each node over its docker context.

What comes back is what a service is to name as its image. That is the image's id: Swarm asks a registry for anything
else first, and a node would take what a stranger has published under the same name.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from upready.engine import elsewhere, shipment
from upready.engine.connection import answering
from upready.engine.elsewhere import Place
from upready.engine.shipment import Store
from upready.runtime.interface import Note
from upready.runtime.swarm import names, nodes, placement, platforms, registry
from upready.runtime.swarm.nodes import Node
from upready.runtime.swarm.registry import ID
from upready.support import background, next_step, shell_words, units
from upready.support.errors import OpsError, StartError

_SHORT = 12
"""So many digits of an image's id are told."""


@dataclass(frozen=True)
class Lack:
    """An image that a node does not have."""

    image: str
    node: Node


def to_nodes(
    here: Store,
    services: Sequence[Mapping[str, Any]],
    there: Sequence[Node],
    tell: Note,
    *,
    own: str = "",
    reach: Callable[[Node], Store] | None = None,
) -> dict[str, str]:
    """Send images to the nodes that may run their services and lack them; return what to name each image by.

    Several nodes at a time: each may take a second before it tells what it has.

    An image that is not here is left alone: the nodes pull it, each by itself.

    Args:
        here: The manager's engine, which has them.
        services: The services' specs, whose images are named as they are here.
        there: The nodes of the swarm.
        tell: Gets a sentence for each image that is sent.
        own: The id of the manager's own node.
        reach: Gives the engine of a node that is reached already; by default each is reached for this alone.

    Raises:
        StartError: A node lacks one, and it is not known how to reach it; or it is for another kind of processor.
        EngineError: A node's engine does not answer, or refuses.
    """
    ids = {name: str(found["Id"]) for name in _named(services) if (found := here.image(name))}
    wanted = [(name, node) for name in ids for node in _targets(services, name, there) if node.id != own]
    pulled = [name for name, node in wanted if not node.context and origin(here, name)]
    if lacking := [Lack(name, node) for name, node in wanted if not node.context and name not in pulled]:
        raise unreached(lacking)
    goals = {node.id: node for _, node in wanted if node.context}
    lists = {key: [name for name, node in wanted if node.id == key and name not in pulled] for key in goals}
    background.together([functools.partial(send, here, lists[key], node, tell, reach) for key, node in goals.items()])
    return {name: origin(here, name) if name in pulled else found for name, found in ids.items()}


def check_platforms(
    here: Store, services: Sequence[Mapping[str, Any]], there: Sequence[Node], images: Mapping[str, str]
) -> None:
    """Make sure that each image is for the kind of processor of each node that may run it.

    Args:
        here: The engine that has them.
        services: The services' specs.
        there: The nodes of the swarm.
        images: The images' ids here, by what the services name.

    Raises:
        StartError: One is for another kind.
    """
    for name, known in images.items():
        image = here.image(known) or {}
        for node in _targets(services, name, there):
            _check_platform(image, node, name)


def send(
    here: Store, images: Sequence[str], node: Node, tell: Note, reach: Callable[[Node], Store] | None = None
) -> list[str]:
    """Send those images to a node that it lacks, over its docker context; return their names.

    Args:
        here: The engine that has them.
        images: The images.
        node: The node.
        tell: Gets a sentence for each image that is sent.
        reach: As for `to_nodes`.

    Raises:
        StartError: The context leads to another engine, or an image is for another kind of processor, or on neither.
        EngineError: An engine does not answer, or refuses.
    """
    sent = []
    with contextlib.nullcontext(reach(node)) if reach else reached(node) as place:
        for asked in images:
            mine = here.image(asked)
            if mine is None:
                _require(place, asked, node, here.address)
                continue
            name = _told(mine, asked)
            if same(mine, place.image(asked)) or same(mine, place.image(name)):
                continue
            _check_platform(mine, node, name)
            told = shipment.send(here, place, name)
            tell(f"{name} is sent to {node.name}: {units.size(told.over)}, {units.size(told.left_out)} were there")
            sent.append(name)
    return sent


@contextlib.contextmanager
def reached(node: Node) -> Iterator[Place]:
    """The engine of a node, over its docker context, within the block.

    Raises:
        StartError: It is not known how to reach it, or the context leads to another engine.
        EngineError: There is no such context here, or nobody answers.
    """
    place = connect(node)
    try:
        yield place
    finally:
        place.client.close()


def connect(node: Node) -> Place:
    """The same, for as long as the caller needs it. Several may be reached at the same time.

    Raises:
        StartError: As `reached`.
        EngineError: As `reached`.
    """
    if not node.context:
        raise StartError(f"no docker context is known that leads to {node.name}", next=way_to(node))
    try:
        place = elsewhere.connect(node.context, f"the label {nodes.CONTEXT} of {node.name}")
        with answering():
            found = str((place.client.info().get("Swarm") or {}).get("NodeID") or "")
    except OpsError as error:
        raise type(error)(f"{node.name}: {error.message}", details=error.details, next=error.next) from error
    if found != node.id:
        place.client.close()
        raise StartError(
            f"the docker context {node.context} leads to {place.address}, which is not the node {node.name}",
            next=way_to(node),
        )
    return place


def needed(services: Iterable[Mapping[str, Any]], node: Node) -> list[str]:
    """The images, as their services name them, that a node must have because no registry has them.

    Args:
        services: The services of the swarm, as the API has them.
        node: The node.
    """
    found = []
    for each in services:
        spec = each.get("Spec") or {}
        image = names.image(spec)
        if image.startswith(ID) and not placement.fixed(spec, node):
            found.append(image)
    return list(dict.fromkeys(found))


def same(mine: Mapping[str, Any], other: Mapping[str, Any] | None) -> bool:
    """Whether two engines mean the same image. Engines that store images differently give it different ids."""
    if other is None:
        return False
    if mine["Id"] == other["Id"]:
        return True
    layers, others = ((each.get("RootFS") or {}).get("Layers") for each in (mine, other))
    return bool(layers) and layers == others and mine.get("Config") == other.get("Config")


def unreached(lacking: Sequence[Lack]) -> StartError:
    """The error that nodes lack images, and cannot be reached."""
    known = {each.node.id: each.node for each in lacking}
    told = [
        f"{node.name} lacks {', '.join(dict.fromkeys(each.image for each in lacking if each.node.id == id_))}"
        for id_, node in known.items()
    ]
    where = ", ".join(node.name for node in known.values())
    return StartError(
        f"images cannot be brought to {where}: no docker context is known that leads there, "
        f"and .env has no {registry.VARIABLE}",
        details=told,
        next=next_step.either(*(way_to(node) for node in known.values()), to_registry(next_step.AGAIN)),
    )


def way_to(node: Node) -> str:
    """The step that tells which docker context leads to a node."""
    host = node.address or node.name
    name = shell_words.word(node.name)
    return shell_words.in_turn(f"docker context create {name} --docker host=ssh://{host}", f"invoke nodes --add {name}")


def to_registry(then: str) -> str:
    """The step after which every node pulls its images, and the command that makes it count."""
    return shell_words.in_turn(f"invoke env.set {registry.VARIABLE}", then)


def _named(services: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(filter(None, map(names.image, services))))


def _targets(services: Iterable[Mapping[str, Any]], image: str, there: Iterable[Node]) -> Iterator[Node]:
    """The nodes that may run a service with an image, now."""
    specs = [each for each in services if names.image(each) == image]
    for node in there:
        if node.ready and any(not placement.fixed(spec, node) for spec in specs):
            yield node


def _told(image: Mapping[str, Any], asked: str) -> str:
    """The name by which an image goes over: one that has none there would be removed as unused."""
    return str(next(iter(image.get("RepoTags") or ()), asked)) if asked.startswith(ID) else asked


def origin(here: Store, name: str) -> str:
    """An image as the registry that it came from names it, with its digest; empty where it was made here."""
    digests = (here.image(name) or {}).get("RepoDigests") or ()
    return str(next(iter(digests), ""))


def _require(there: Store, image: str, node: Node, asked: str) -> None:
    """Refuse to go on where nobody is known who has an image: it was removed from the engine that sends.

    Raises:
        StartError: The node does not have it either.
    """
    if there.image(image) is None:
        raise StartError(
            f"{node.name} lacks the image {image.removeprefix(ID)[:_SHORT]}, and {asked} has it no more",
            details=["what runs by that image on other nodes goes on"],
            next=shell_words.in_turn("invoke prod", next_step.AGAIN),
        )


def _check_platform(image: Mapping[str, Any], node: Node, name: str) -> None:
    if not platforms.runs(image, node.machine):
        raise StartError(
            f"{name} was built for {platforms.told(image)}, and {node.name} runs {platforms.machine(node.machine)}",
            next=f"keep its services off that node with deploy.placement.constraints, then: {next_step.AGAIN}",
        )
