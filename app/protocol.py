"""HTTP/1.1 by uvicorn, with a time limit for the head of a request, without Nagle's delay, and without WebSockets.

The image and compose name it to uvicorn with `UVICORN_HTTP`.
"""

from __future__ import annotations

import asyncio
import socket

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_TIMEOUT = 10.0  # seconds, from connecting, or a further request's first byte, to the end of its headers


class BoundedProtocol(H11Protocol):
    """Closes a connection whose request does not begin. uvicorn itself waits for ever for a first or a half head.

    An answer's head and body are written one after the other. With several workers, or reloading, uvicorn makes the
    listening socket in a way that asyncio does not take for TCP, so that the kernel held each body back until the
    client's delayed acknowledgement of the head: 40 ms (measured).
    """

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the first request its time, and send whatever is written at once."""
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        if connection is not None and connection.family != getattr(socket, "AF_UNIX", None):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what came; the time goes on while it is less than a head."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer."""
        super().connection_lost(exc)
        self._unwatch()

    def _should_upgrade(self) -> bool:
        # There is no other protocol to change to. uvicorn would say so too, and advise to install WebSockets with pip.
        return False

    def _watch(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._unwatch()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_TIMEOUT, self.transport.close)

    def _unwatch(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
