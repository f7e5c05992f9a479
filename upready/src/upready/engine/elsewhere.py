"""The engine of another docker context than the one that is asked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from upready.engine import connection, endpoint
from upready.engine.endpoint import Endpoint
from upready.engine.heartbeat import Heartbeat

if TYPE_CHECKING:
    from docker import DockerClient

TIMEOUT = 20.0
"""Seconds for each answer."""


@dataclass(frozen=True)
class Place:
    """An engine.

    Attributes:
        client: The SDK's client.
        address: Where it is, in words.
        endpoint: Where it is.
        heartbeat: Finds out whether it still answers.
    """

    client: DockerClient
    address: str
    endpoint: Endpoint = Endpoint("")  # noqa: RUF009 - it never changes
    heartbeat: Heartbeat | None = None

    @property
    def api(self) -> Any:
        """The SDK's functions, one for each request."""
        return self.client.api

    def image(self, name: str) -> Mapping[str, Any] | None:
        """Its description of an image; None where it has none of that name.

        Raises:
            EngineError: The engine does not answer.
        """
        from docker.errors import NotFound

        with connection.answering():
            try:
                return dict(self.api.inspect_image(name))
            except NotFound:
                return None


def connect(context: str, source: str, timeout: float = TIMEOUT) -> Place:
    """The engine of a context; errors of its calls name that engine. Several may be connected to at the same time.

    Args:
        context: Its name.
        source: Where it is named, for errors.
        timeout: Seconds for each answer.

    Raises:
        EngineError: There is no such context, or its engine does not answer.
    """
    found = endpoint.of_context(context, source)
    client, heartbeat = connection.client(timeout, place=found)
    return Place(client, str(found), found, heartbeat)


@contextlib.contextmanager
def at(context: str, source: str) -> Iterator[Place]:
    """The engine of a context, within the block.

    Raises:
        EngineError: There is no such context, or its engine does not answer.
    """
    place = connect(context, source)
    try:
        yield place
    finally:
        place.client.close()
