"""The registry through which the images of a stack reach every node: `REGISTRY` in `.env`.

What was built here is pushed, and its services name it by the digest that the registry gave it. An image that came from
another registry keeps its name there, with its digest: each node pulls it from where it came from.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from upready.engine import shipment
from upready.engine.connection import answering
from upready.engine.shipment import Store
from upready.runtime.interface import Note
from upready.runtime.swarm import names
from upready.stack import compose_variables
from upready.stack.selection import Stack
from upready.support import next_step, shell_words
from upready.support.errors import EngineError, EnvFileError, StartError

VARIABLE = "REGISTRY"
"""The variable of `.env`: `registry.example.com`, with a port or a path where that is wanted."""

ID = "sha256:"
"""How the id of an image begins."""

_PLACE = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*/?")
_TAG = 12
"""How many characters of an image's id are its tag in the registry."""


@dataclass(frozen=True)
class Pushed:
    """An image that goes to the registry.

    Attributes:
        image: The image, by its id here.
        told: What people call it.
        place: Its name in the registry, without a tag.
    """

    image: str
    told: str
    place: str

    @property
    def tag(self) -> str:
        """Its tag there, the start of its id, so that no push takes a tag away from what serves."""
        return self.image.removeprefix(ID)[:_TAG]

    @property
    def name(self) -> str:
        """Its name there, as it is planned: only once it is pushed its digest is known."""
        return f"{self.place}:{self.tag}"


def of(stack: Stack) -> str:
    """The registry of a stack; empty for none.

    Raises:
        EnvFileError: What stands there is no address of a registry. It is not told: there may be a password in it.
    """
    text = compose_variables.variable(stack.read_files, VARIABLE).strip()
    if text and not _PLACE.fullmatch(text):
        raise EnvFileError(
            f"{VARIABLE} should be the address of a registry, such as registry.example.com:5000/team",
            details=["no https:// before it, no tag behind it; a user and a password belong to: docker login"],
            next=f"invoke env.set {VARIABLE}",
        )
    return text.rstrip("/")


def push(here: Store, wanted: Collection[Pushed], registry: str, tell: Note) -> dict[str, str]:
    """Push images, and return what to name each by, by its planned name: the registry's name, with the digest.

    Args:
        here: The engine that has them.
        wanted: The images.
        registry: Where to.
        tell: Gets a sentence for each image.

    Raises:
        StartError: The registry does not answer, or does not take one.
        EngineError: The engine does not answer.
    """
    return {each.name: _push(here, each, registry, tell) for each in dict.fromkeys(wanted)}


def _push(here: Store, wanted: Pushed, registry: str, tell: Note) -> str:
    """Push one image; what to name it by."""
    api: Any = here.client.api
    with answering():
        api.tag(wanted.image, wanted.place, wanted.tag)
        told = list(api.push(wanted.place, wanted.tag, stream=True, decode=True))
    if problem := next((each["error"] for each in told if each.get("error")), ""):
        raise _refused(registry, wanted.told, str(problem))
    digest = next((each["aux"]["Digest"] for each in told if (each.get("aux") or {}).get("Digest")), "")
    if not digest:
        raise EngineError(f"{here.address} has pushed {wanted.told}, and has not told its digest", next=next_step.AGAIN)
    tell(f"{wanted.told} is in {registry}")
    return f"{wanted.place}@{digest}"


def place(name: str, registry: str) -> str:
    """The name of an image in a registry, without a tag; one that is named so already keeps its name."""
    plain = shipment.tagged(name.partition("@")[0]).rpartition(":")[0]
    if plain.startswith(f"{registry}/"):
        return plain
    first, slash, rest = plain.partition("/")
    foreign = slash and ("." in first or ":" in first or first == "localhost")
    return f"{registry}/{rest if foreign else plain}"


def host(image: str) -> str:
    """The registry that an image's name leads to; empty for an id, and for Docker's own."""
    first, slash, _ = image.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else ""


def credentials(api: Any, image: str) -> dict[str, str]:
    """The header by which the nodes may pull an image: what `docker login` has kept for its registry; or none.

    Args:
        api: The SDK's client.
        image: The image as a service names it.

    Raises:
        StartError: The program that keeps them does not give them.
    """
    from docker.errors import DockerException

    from docker import auth

    if image.startswith(ID):
        return {}
    registry, _ = auth.resolve_repository_name(image.partition("@")[0])
    try:
        header = auth.get_config_header(api, registry)
    except DockerException as error:
        raise StartError(
            f"the credentials of {registry} cannot be had: {error}",
            next=f"docker login {shell_words.word(host(image))}".strip(),
        ) from error
    return {"X-Registry-Auth": header.decode() if isinstance(header, bytes) else header} if header else {}


def sweep(here: Store, registry: str, services: Collection[Mapping[str, Any]]) -> list[str]:
    """Take away the names that earlier pushes have left on an engine, once nothing else names those images here.

    What is in the registry stays there: how long, its own settings say.

    Args:
        here: The engine that has pushed.
        registry: Where to.
        services: The services of the stack, as the API has them: what they name stays.

    Raises:
        EngineError: The engine does not answer.
    """
    from docker.errors import APIError

    specs = [each.get("Spec") or {} for each in services]
    needed = {names.image(each) for each in specs}
    places = {place(str((each.get("Labels") or {}).get(names.IMAGE) or ""), registry) for each in specs}
    api: Any = here.client.api
    gone = []
    with answering():
        for each in api.images():
            named = [str(tag) for tag in each.get("RepoTags") or ()]
            ours = [tag for tag in named if _is_pushed(tag, str(each["Id"]), places)]
            if not ours or len(ours) < len(named) or needed & {*map(str, each.get("RepoDigests") or ())}:
                continue
            for tag in ours:
                try:
                    api.remove_image(tag)
                    gone.append(tag)
                except APIError:  # a container of it may still be there
                    break
    return gone


def _is_pushed(tag: str, image: str, places: Collection[str]) -> bool:
    """Whether a name is one that a push has made."""
    where, _, end = tag.rpartition(":")
    return where in places and end == image.removeprefix(ID)[:_TAG]


def _refused(registry: str, name: str, said: str) -> StartError:
    """The error of a registry that has not taken an image."""
    address = registry.split("/", maxsplit=1)[0]
    lower = said.lower()
    if any(each in lower for each in ("unauthorized", "denied", "authentication required", "no basic auth")):
        step = shell_words.in_turn(f"docker login {shell_words.word(address)}", next_step.AGAIN)
    elif "http response to https" in lower:
        step = f'add "{address}" to insecure-registries of every engine, then: {next_step.AGAIN}'
    else:
        step = f"see to it that every engine reaches {address}, then: {next_step.AGAIN}"
    return StartError(f"the registry {registry} has not taken {name}", details=[said], next=step)
