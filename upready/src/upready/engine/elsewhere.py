"""The engine of another docker context than the one that is asked, for a moment."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from upready.engine import chosen, connection, endpoint

if TYPE_CHECKING:
    from docker import DockerClient

TIMEOUT = 20.0
"""Seconds for each answer."""


@dataclass(frozen=True)
class Place:
    """An engine: the SDK's client, and where it is in words."""

    client: DockerClient
    address: str

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


@contextlib.contextmanager
def at(context: str, timeout: float = TIMEOUT) -> Iterator[Place]:
    """The engine of a context, within the block: errors of its calls name that engine.

    Raises:
        EngineError: There is no such context, or its engine does not answer.
    """
    with chosen.for_now(context):
        client, _ = connection.client(timeout)
        try:
            yield Place(client, str(endpoint.asked()))
        finally:
            client.close()
