"""Images reach every node that may run a service: through a registry, or sent to each node over its docker context.

What comes back is what a service is to name as its image. Without a registry that is the image's id: Swarm asks a
registry for anything else first, and a node would take what a stranger has published under the same name.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from upready.engine import elsewhere, shipment
from upready.engine.connection import answering
from upready.engine.elsewhere import Place
from upready.engine.shipment import Store
from upready.runtime.interface import Note
from upready.runtime.swarm import placement
from upready.runtime.swarm.nodes import Node
from upready.support import next_step, shell_words, units
from upready.support.errors import EngineError, OpsError, StartError

ID = "sha256:"
"""How the id of an image begins."""


@dataclass(frozen=True)
class Lack:
    """An image that a node does not have."""

    image: str
    node: Node


def through_registry(here: Store, images: Mapping[str, str], registry: str, tell: Note) -> dict[str, str]:
    """Push images, and return what to name each by: the registry's name for it, with its digest.

    Its tag there is the start of its id, so that no push takes a tag away from what serves.

    Args:
        here: The engine that has them.
        images: Their names, by what they are called here.
        registry: `registry.example.com:5000`, with a path where that is wanted.
        tell: Gets a sentence for each image.

    Raises:
        StartError: The registry does not answer, or does not take one.
    """
    return {each: _pushed(here, each, name, registry.rstrip("/"), tell) for each, name in images.items()}


def to_nodes(
    here: Store, services: Sequence[Mapping[str, Any]], there: Sequence[Node], tell: Note, *, own: str = ""
) -> dict[str, str]:
    """Send images to the nodes that may run their services and lack them; return what to name each image by.

    An image that is not here is left alone: the nodes pull it, each by itself.

    Args:
        here: The manager's engine, which has them.
        services: The services' specs, whose images are named as they are here.
        there: The nodes of the swarm.
        tell: Gets a sentence for each image that is sent.
        own: The id of the manager's own node.

    Raises:
        StartError: A node lacks one, and it is not known how to reach it; or it is for another kind of processor.
        EngineError: A node's engine does not answer, or refuses.
    """
    ids = {name: str(found["Id"]) for name in _named(services) if (found := here.image(name))}
    wanted = [(name, node) for name in ids for node in _targets(services, name, there) if node.id != own]
    pulled = [name for name, node in wanted if not node.context and origin(here, name)]
    if lacking := [Lack(name, node) for name, node in wanted if not node.context and name not in pulled]:
        raise unreached(lacking)
    for node in {node.id: node for _, node in wanted if node.context}.values():
        send(here, [name for name, other in wanted if other.id == node.id and name not in pulled], node, tell)
    return {name: origin(here, name) if name in pulled else found for name, found in ids.items()}


def send(here: Store, images: Sequence[str], node: Node, tell: Note) -> list[str]:
    """Send those images to a node that it lacks, over its docker context; return their names.

    Raises:
        StartError: The context leads to another engine, or an image is for another kind of processor.
        EngineError: An engine does not answer, or refuses.
    """
    sent = []
    with reached(node) as place:
        for asked in images:
            mine = here.image(asked) or {}
            name = _told(mine, asked)
            if mine and (same(mine, place.image(asked)) or same(mine, place.image(name))):
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
    if not node.context:
        raise StartError(f"no docker context is known that leads to {node.name}", next=way_to(node))
    with contextlib.ExitStack() as stack:
        try:
            place = stack.enter_context(elsewhere.at(node.context))
            with answering():
                found = str((place.client.info().get("Swarm") or {}).get("NodeID") or "")
        except OpsError as error:
            raise type(error)(f"{node.name}: {error.message}", details=error.details, next=error.next) from error
        if found != node.id:
            raise StartError(
                f"the docker context {node.context} leads to {place.address}, which is not the node {node.name}",
                next=way_to(node),
            )
        yield place


def needed(services: Iterable[Mapping[str, Any]], node: Node) -> list[str]:
    """The images, as their services name them, that a node must have because no registry has them.

    Args:
        services: The services of the swarm, as the API has them.
        node: The node.
    """
    found = []
    for each in services:
        spec = each.get("Spec") or {}
        image = _image(spec)
        if image.startswith(ID) and not placement.fixed(spec, node):
            found.append(image)
    return list(dict.fromkeys(found))


def credentials(api: Any, image: str) -> dict[str, str]:
    """The header by which the nodes may pull an image: what `docker login` has kept for its registry; or none.

    Args:
        api: The SDK's client.
        image: The image as a service names it.
    """
    from docker import auth

    if image.startswith(ID):
        return {}
    registry, _ = auth.resolve_repository_name(image.partition("@")[0])
    header = auth.get_config_header(api, registry)
    return {"X-Registry-Auth": header.decode() if isinstance(header, bytes) else header} if header else {}


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
    names = ", ".join(node.name for node in known.values())
    return StartError(
        f"images cannot be brought to {names}: no docker context is known that leads there",
        details=told,
        next=next_step.either(*(way_to(node) for node in known.values())),
    )


def way_to(node: Node) -> str:
    """The step that tells which docker context leads to a node."""
    host = node.address or node.name
    name = shell_words.word(node.name)
    return shell_words.in_turn(f"docker context create {name} --docker host=ssh://{host}", f"invoke nodes --add {name}")


def _image(spec: Mapping[str, Any]) -> str:
    return str(((spec.get("TaskTemplate") or {}).get("ContainerSpec") or {}).get("Image") or "")


def _named(services: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(filter(None, map(_image, services))))


def _targets(services: Iterable[Mapping[str, Any]], image: str, there: Iterable[Node]) -> Iterator[Node]:
    """The nodes that may run a service with an image, now."""
    specs = [each for each in services if _image(each) == image]
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


def _check_platform(image: Mapping[str, Any], node: Node, name: str) -> None:
    made = str(image.get("Architecture") or "")
    wanted = placement.machine(node)
    if made and wanted and made != wanted:
        raise StartError(
            f"{name} was built for {made}, and {node.name} runs {wanted}",
            next=f"keep its services off that node with deploy.placement.constraints, then: {next_step.AGAIN}",
        )


def _pushed(here: Store, image: str, name: str, registry: str, tell: Note) -> str:
    """Push one image; what to name it by."""
    found = here.image(image) or {}
    repository = in_registry(name, registry)
    tag = str(found.get("Id") or "").removeprefix(ID)[:12]
    api: Any = here.client.api
    with answering():
        api.tag(image, repository, tag)
        told = list(api.push(repository, tag, stream=True, decode=True))
    if problem := next((each["error"] for each in told if each.get("error")), ""):
        raise _refused(registry, name, str(problem))
    digest = next((each["aux"]["Digest"] for each in told if (each.get("aux") or {}).get("Digest")), "")
    if not digest:
        raise EngineError(f"{here.address} has pushed {name}, and has not told its digest", next=next_step.AGAIN)
    tell(f"{name} is in {registry}")
    return f"{repository}@{digest}"


def in_registry(name: str, registry: str) -> str:
    """The name of an image in a registry, without a tag; one that is named so already keeps its name."""
    plain = shipment.tagged(name.partition("@")[0]).rpartition(":")[0]
    if plain.startswith(f"{registry}/"):
        return plain
    first, slash, rest = plain.partition("/")
    foreign = slash and ("." in first or ":" in first or first == "localhost")
    return f"{registry}/{rest if foreign else plain}"


def _refused(registry: str, name: str, said: str) -> StartError:
    """The error of a registry that has not taken an image."""
    host = registry.split("/", maxsplit=1)[0]
    lower = said.lower()
    if any(each in lower for each in ("unauthorized", "denied", "authentication required", "no basic auth")):
        step = f"docker login {shell_words.word(host)}"
    elif "http response to https" in lower:
        step = f'add "{host}" to insecure-registries of every engine, then: {next_step.AGAIN}'
    else:
        step = f"see to it that every engine reaches {host}, then: {next_step.AGAIN}"
    return StartError(f"the registry {registry} has not taken {name}", details=[said], next=step)
