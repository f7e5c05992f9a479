"""A proxy in front of the engine's socket that a test can cut: the engine itself is shared, and never stopped."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from docker.constants import DEFAULT_UNIX_SOCKET

_METHOD = re.compile(rb"(GET|HEAD|POST|PUT|DELETE) /")


class Proxy:
    """Listens on a Unix socket of its own, or on a TCP port, and passes every byte on, until it is cut."""

    def __init__(self, place: Path | int, engine: str = DEFAULT_UNIX_SOCKET.removeprefix("http+unix://")) -> None:
        # By 0.0.0.0, this machine is reached, and nobody can tell that it is.
        self.url = f"tcp://0.0.0.0:{place}" if isinstance(place, int) else f"unix://{place}"
        self._place = place
        self._engine = engine
        self._requests, self._moment = 0, 0
        self._at_moment: Callable[[], bool] | None = None
        self._counting = threading.Lock()
        self._listener: socket.socket | None = None
        self._open: list[socket.socket] = []
        self._delay = 0.0
        self._latency = self._first = 0.0
        self._passing = threading.Event()
        self._passing.set()

    def start(self) -> None:
        """Begin to listen (again)."""
        if isinstance(self._place, int):
            self._listener = socket.create_server(("127.0.0.1", self._place), backlog=64)
        else:
            self._place.unlink(missing_ok=True)
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(self._place))
            self._listener.listen(64)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Drop every connection and take no more, as when the engine ends."""
        if self._listener is not None:
            self._close(self._listener)
        if isinstance(self._place, Path):
            self._place.unlink(missing_ok=True)
        for each in self._open:
            self._close(each)
        self._open.clear()

    @property
    def used(self) -> bool:
        """Whether anybody has connected."""
        return bool(self._open)

    def slow(self, seconds: float) -> None:
        """Let the next answer take so long, as on a machine that has much to do."""
        self._delay = seconds

    def far(self, latency: float, first: float = 0.0) -> None:
        """Let every request take so long, as over a bad line.

        Args:
            latency: Seconds that each chunk from a client takes.
            first: Seconds that the first one of all takes, as where a machine must wake up.
        """
        self._latency, self._first = latency, first

    @property
    def requests(self) -> int:
        """How many requests have come since `at` was called."""
        return self._requests

    def at(self, moment: int, do: Callable[[], bool] | None = None) -> None:
        """Count requests anew, and do something before one of them is passed on.

        Args:
            moment: Which one: 1 is the next.
            do: Returns whether the request is passed on afterwards.
        """
        self._requests, self._moment, self._at_moment = 0, moment, do

    def hang(self) -> None:
        """Keep every connection, take new ones, and pass nothing on, as when the engine's machine is overwhelmed."""
        self._passing.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self._engine)
            except OSError:  # the engine is away
                self._close(client)
                server.close()
                continue
            self._open += [client, server]
            for source, target, far in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._pump, args=(source, target), kwargs={"far": far}, daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, *, far: bool) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                self._passing.wait()
                if far and _METHOD.match(chunk) and not self._count():
                    self._close(source)
                    return
                delay, self._delay = self._delay, 0.0
                if far:
                    delay, self._first = max(delay, self._latency, self._first), 0.0
                time.sleep(delay)
                target.sendall(chunk)
            target.shutdown(socket.SHUT_WR)

    def _count(self) -> bool:
        """Count a request; returns whether it is to be passed on."""
        with self._counting:
            self._requests += 1
            reached, do = self._requests == self._moment, self._at_moment
        return do() if reached and do is not None else True

    def _close(self, end: socket.socket) -> None:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
