"""Lines of a project's containers, from the engine."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from upready.logs.entry import Origin
from upready.logs.source import Line
from upready.runtime.docker.engine import ONE_OFF, Engine, answering
from upready.runtime.docker.log_stream import Frames, Terminal, open_parts, read_lines
from upready.runtime.interface import Container
from upready.support import times
from upready.support.errors import EngineError
from upready.support.next_step import AGAIN

if TYPE_CHECKING:
    from requests import Response

T = TypeVar("T")

PATIENCE = 2.0
"""Seconds within which the engine must answer on some connection, to count as there."""

RETRY = 0.2
"""Seconds until a connection that has dropped is opened again."""


@dataclass
class Containers:
    """The containers of a project as a `Source`.

    Attributes:
        engine: Where they are.
        project: Compose's project name.
        services: Only these; empty means all.
        note: Gets a sentence about each log that cannot be read.
    """

    engine: Engine
    project: str
    services: Sequence[str] = ()
    note: Callable[[str], None] = lambda _: None
    _known: dict[str, Origin] = field(default_factory=dict)
    _terminals: set[str] = field(default_factory=set)
    _unreadable: set[Origin] = field(default_factory=set)
    _mute: set[Origin] = field(default_factory=set)
    _live: set[Any] = field(default_factory=set)
    _closed: threading.Event = field(default_factory=threading.Event)

    def origins(self) -> list[Origin]:
        """Every container of the project, by service and number."""
        return [self.origin(each) for each in self.engine.containers(self.project) if self._wanted(each)]

    def origin(self, container: Container) -> Origin:
        """The origin of a container; always the same object for the same container."""
        if container.id not in self._known:
            if container.terminal:
                self._terminals.add(container.id)
            self._known[container.id] = Origin(container.service, container.replica, container.id)
        return self._known[container.id]

    def read(
        self,
        origin: Origin,
        *,
        tail: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        whole: bool = False,
    ) -> Iterator[Sequence[Line]]:
        """What a container has written so far."""
        from docker.types import CancellableStream

        response = self._open(
            origin,
            tail=tail,
            since=times.wire(since) if since else "",
            until=times.wire(until) if until else "",
        )
        if response is None:
            return
        with self._closing(CancellableStream(iter(()), response)), answering():
            decoder = self._decoder(origin)
            parts, chunked = open_parts(response)
            yield from filter(None, read_lines(parts, decoder, chunked=chunked))
            if not whole and (lines := decoder.unfinished()):
                yield lines

    def follow(self, origin: Origin, after: str | None) -> Iterator[Sequence[Line]]:
        """What a container writes, until it stops or the connection drops."""
        from docker.types import CancellableStream

        response = self._open(origin, follow=True, since=times.wire(after) if after else "")
        if response is None:
            return
        decoder = self._decoder(origin)
        parts, chunked = open_parts(response)
        lines = read_lines(parts, decoder, chunked=chunked)
        with self._closing(CancellableStream(lines, response)) as stream:
            yield from filter(None, stream)
        if unfinished := decoder.unfinished():
            yield unfinished

    def running(self, origin: Origin) -> bool | None:
        """Whether a container runs; None when it has been removed, or nothing of what it writes can be read."""
        if origin in self._mute:
            return None
        container = self._asked(lambda: self.engine.inspect(origin.key))
        return None if container is None else container.state in ("running", "paused")

    def changes(self) -> Iterator[Origin]:
        """Each container that runs, then each that starts."""
        while not self._closed.is_set():
            with self._closing(self._asked(lambda: self.engine.events(self.project))) as events:
                # Listed after the subscription to events, so that no start is missed.
                for container in self._asked(lambda: self.engine.containers(self.project)):
                    if container.state == "running" and self._wanted(container):
                        yield self.origin(container)
                for event in events:
                    if event["Action"] == "start" and (started := self._started(event)):
                        yield started
            time.sleep(RETRY)

    def check(self) -> None:
        """Make sure that the engine answers, now or soon: a dropped connection does not mean that it is gone."""
        deadline = time.monotonic() + PATIENCE
        while (left := deadline - time.monotonic()) > 0:
            if self.engine.ping(left):
                return
            if self._closed.wait(RETRY):
                break
        raise EngineError(f"the Docker Engine at {self.engine.address} is gone", next="invoke doctor")

    def close(self) -> None:
        """End all streams."""
        self._closed.set()
        for stream in list(self._live):
            with contextlib.suppress(Exception):
                stream.close()

    @contextlib.contextmanager
    def _closing(self, stream: Any) -> Iterator[Any]:
        """Let `close` end a stream while the block reads it."""
        self._live.add(stream)
        try:
            if self._closed.is_set():
                raise EngineError("the connection was closed", next=AGAIN)
            yield stream
        finally:
            self._live.discard(stream)
            with contextlib.suppress(Exception):
                stream.close()

    def _asked(self, ask: Callable[[], T]) -> T:
        """The engine's answer; it is asked again if the connection drops while the engine is still there."""
        from docker.errors import APIError

        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return ask()
            except EngineError as error:
                if isinstance(error.__cause__, APIError) or self._closed.is_set() or time.monotonic() > deadline:
                    raise
            self.check()
            self._closed.wait(RETRY)

    def _open(self, origin: Origin, **options: Any) -> Response | None:
        """A container's log; None if the container is gone, or if its log driver keeps nothing readable."""
        from docker.errors import APIError

        try:
            return self._asked(lambda: self.engine.logs(origin.key, **options))
        except EngineError as error:
            if not isinstance(error.__cause__, APIError):
                raise
            step = ""
            if error.__cause__.status_code == HTTPStatus.NOT_IMPLEMENTED:
                # As long as this container lives: a log driver is chosen when one is made.
                self._mute.add(origin)
                step = "; to see it, set `logging: {driver: local}` in its compose file, then: "
                step += f"invoke restart {origin.service}"
            if origin not in self._unreadable:
                self._unreadable.add(origin)
                self.note(f"{origin.label}: its log cannot be read: {error.__cause__.explanation}{step}")
            return None

    def _started(self, event: dict[str, Any]) -> Origin | None:
        if event["Actor"]["Attributes"].get(ONE_OFF) == "True":
            return None
        container = self._asked(lambda: self.engine.inspect(event["Actor"]["ID"]))
        return self.origin(container) if container and self._wanted(container) else None

    def _wanted(self, container: Container) -> bool:
        return not self.services or container.service in self.services

    def _decoder(self, origin: Origin) -> Frames | Terminal:
        return Terminal() if origin.key in self._terminals else Frames()
