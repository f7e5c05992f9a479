"""Names that one build alone gives to its images.

Builds of two checkouts may end at the same moment, under the same names: whoever asks for an image by its name may get
the other's. The builder gives an image all its names at once, so a name of its own tells what was built.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from upready.runtime.docker.engine import Engine, answering
from upready.stack.model import Model, Service
from upready.stack.selection import Stack
from upready.support import state

PREFIX = "building-"
"""Such tags begin with it: `shop-web:building-20261127T221500-9f8e7d6c-web`."""

FILE = "upready-build.yaml"
"""The compose file with them, in the project's state folder."""

_TIME = "%Y%m%dT%H%M%S"

OLD = timedelta(days=1)
"""The age of a name that a build has left which was ended."""


def _word() -> str:
    return f"{PREFIX}{datetime.now(UTC):{_TIME}}-{uuid.uuid4().hex[:8]}"


@dataclass
class Names:
    """The names of one build.

    Attributes:
        word: What they have in common: the tag begins with it, and ends with the service.
        given: The name of each service's image; empty where nothing was built.
    """

    word: str = field(default_factory=_word)
    given: dict[str, str] = field(default_factory=dict)

    def add(self, model: Model, services: Iterable[str]) -> Stack:
        """The model's stack, with one name more for the image of each of these services."""
        self.given = {name: retagged(model.service(name).image, f"{self.word}-{name[:80]}") for name in services}
        path = state.make(model.stack.root) / FILE
        state.write(path, {"services": {name: {"build": {"tags": [each]}} for name, each in self.given.items()}})
        return dataclasses.replace(model.stack, files=(*model.stack.files, path))

    def ids(self, engine: Engine, services: Iterable[Service]) -> dict[str, str]:
        """The ids of the images of services that are built: of this build, or what is there where there was none.

        Raises:
            EngineError: The engine does not answer.
        """
        found = {each.name: engine.image(self.given.get(each.name, each.image)) for each in services if each.built}
        return {name: str(image["Id"]) for name, image in found.items() if image}

    def remove(self, engine: Engine) -> None:
        """Take these names away; an image that has no other goes with its own."""
        for name in self.given.values():
            _remove(engine, name)


def retagged(image: str, tag: str) -> str:
    """An image's name with another tag."""
    repository, colon, last = image.rpartition(":")
    return f"{repository if colon and '/' not in last else image}:{tag}"


def sweep(engine: Engine, images: Iterable[str]) -> None:
    """Remove the names that builds of some images have left which were ended a day ago or more.

    Raises:
        EngineError: The engine does not answer.
    """
    for image in images:
        with answering():
            found = engine.client.api.images(filters={"reference": retagged(image, f"{PREFIX}*")})
        for name in [name for each in found for name in each.get("RepoTags") or []]:
            made = name.rpartition(f":{PREFIX}")[2][:15]
            with suppress(ValueError):
                if datetime.now(UTC) - datetime.strptime(made, _TIME).replace(tzinfo=UTC) > OLD:
                    _remove(engine, name)


def _remove(engine: Engine, name: str) -> None:
    from docker.errors import APIError

    with answering(), suppress(APIError):  # it is gone, or a container is of it
        engine.client.api.remove_image(name, noprune=True)
