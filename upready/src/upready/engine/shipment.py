"""Send an image from one engine to another, without a registry, and without the layers that are there already.

An engine that loads an archive does not open a layer that it has: such a layer may be left out. One that stores layers
in another form gets the whole archive (docs/remote.md).
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from upready.engine.connection import answering
from upready.support.errors import EngineError

if TYPE_CHECKING:
    from docker import DockerClient

WAIT = 600.0
"""Seconds that an engine may say nothing while it packs or unpacks an image."""

_BLOBS = "blobs/sha256/"
"""Where an archive has its layers, by the digest of their contents."""

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Sent:
    """What was sent of an image, in bytes: what went over, and what was left out."""

    over: int
    left_out: int


class Store(Protocol):
    """An engine, as far as its images go."""

    @property
    def client(self) -> DockerClient:
        """The SDK's client."""

    @property
    def address(self) -> str:
        """Where it is, in words."""

    def image(self, name: str) -> Mapping[str, Any] | None:
        """Its description of an image; None where it has none of that name."""


def send(here: Store, there: Store, name: str) -> Sent:
    """Send an image.

    Args:
        here: The engine that has it.
        there: The engine that gets it.
        name: Its name; with no tag, `latest`.

    Raises:
        EngineError: One of them does not answer, or refuses.
    """
    image = here.image(name) or {}
    layers = (image.get("RootFS") or {}).get("Layers") or []
    present = _present(layers, _chains(there))
    try:
        return _send(here, there, name, present)
    except _RefusedError:
        # It stores layers in another form, or has removed one meanwhile.
        return _send(here, there, name, frozenset())


def tagged(name: str) -> str:
    """An image's name with its tag: an engine packs all tags of a name without one."""
    return name if ":" in name.rpartition("/")[2] or "@" in name else f"{name}:latest"


class _RefusedError(EngineError):
    """An engine does not take an archive."""


def _chains(engine: Store) -> set[tuple[str, ...]]:
    """The layers that an engine has, each with those below it: only in that place is it the same."""
    with answering():
        images = engine.client.api.images(all=True)
    found: set[tuple[str, ...]] = set()
    for each in {image["Id"] for image in images}:
        layers = ((engine.image(each) or {}).get("RootFS") or {}).get("Layers") or []
        found |= {tuple(layers[:count]) for count in range(1, len(layers) + 1)}
    return found


def _present(layers: Sequence[str], chains: Collection[tuple[str, ...]]) -> frozenset[str]:
    """Those layers of an image that an engine has in every place where the image has them."""
    lacking = {layer for count, layer in enumerate(layers, 1) if tuple(layers[:count]) not in chains}
    return frozenset(layers) - lacking


def _send(here: Store, there: Store, name: str, without: Collection[str]) -> Sent:
    out: Any = here.client.api
    into: Any = there.client.api
    with answering():
        packed = out._get(out._url("/images/{0}/get", tagged(name)), stream=True, timeout=WAIT)
        out._raise_for_status(packed)
        archive = _Archive(packed.iter_content(_CHUNK), {f"{_BLOBS}{each.partition(':')[2]}" for each in without})
        url = into._url("/images/load")
        answer = into._post(url, data=archive.chunks(), params={"quiet": True}, stream=True, timeout=WAIT)
        into._raise_for_status(answer)
        for told in into._stream_helper(answer, decode=True):
            if isinstance(told, Mapping) and told.get("error"):
                raise _RefusedError(f"the Docker Engine at {there.address} does not take {name}: {told['error']}")
    return Sent(archive.over, archive.left_out)


class _Archive:
    """A tar archive without some of its files, passed on as it comes.

    Args:
        source: The chunks of the whole archive.
        without: The names of the files that are left out.

    Attributes:
        over: Bytes that were passed on.
        left_out: Bytes that were not.
    """

    def __init__(self, source: Iterator[bytes], without: Collection[str]) -> None:
        self._source, self._without = source, without
        self.over = self.left_out = 0

    def chunks(self) -> Iterator[bytes]:
        """The rest of it."""
        for chunk in self._passed():
            self.over += len(chunk)
            yield chunk

    def _passed(self) -> Iterator[bytes]:
        with tarfile.open(fileobj=io.BufferedReader(_Stream(self._source)), mode="r|") as archive:
            for member in archive:
                if member.name in self._without:
                    self.left_out += member.size
                    continue
                yield member.tobuf(tarfile.PAX_FORMAT)
                if file := archive.extractfile(member) if member.isfile() else None:
                    while chunk := file.read(_CHUNK):
                        yield chunk
                    yield b"\0" * (-member.size % tarfile.BLOCKSIZE)
        yield b"\0" * tarfile.RECORDSIZE


class _Stream(io.RawIOBase):
    """Chunks as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks, self._left = chunks, b""

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Some bytes; none at the end."""
        self._left = self._left or next(self._chunks, b"")
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count
