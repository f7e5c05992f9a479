"""HTTP/1.1 by uvicorn, with a time limit for the head of a request, without Nagle's delay, and without WebSockets.

The image and compose choose it with the variable `UVICORN_HTTP`.
"""

from __future__ import annotations

import asyncio
import socket

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

# Seconds from the connection, or the first byte of a further request, to the end of the headers. The rest of a body
# that comes after its answer has the same time.
HEAD_TIMEOUT = 10.0


class BoundedProtocol(H11Protocol):
    """Closes a connection if the head of its request is not complete in time. uvicorn itself would wait for ever.

    It also switches Nagle's algorithm off. With several workers, or with reloading, asyncio does not do this: uvicorn
    makes the listening socket in a way that asyncio does not recognise as TCP. The kernel would then delay each body
    by 40 ms (measured), until the client acknowledges the head.
    """

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time of the first request, and switch Nagle's algorithm off."""
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        if connection is not None and connection.family != getattr(socket, "AF_UNIX", None):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Handle what came; the time goes on until the head is complete."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        super().connection_lost(exc)
        self._unwatch()

    def _should_upgrade(self) -> bool:
        # There is no other protocol to change to. uvicorn would say so too, and advise to install WebSockets with pip.
        return False

    def _watch(self) -> None:
        # A body that goes on after its answer is read by nobody. Its bytes end uvicorn's own limit, that of keep-alive.
        left_over = self.conn.their_state is h11.SEND_BODY and self.conn.our_state is h11.DONE
        if self.conn.their_state is not h11.IDLE and not left_over:
            self._unwatch()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_TIMEOUT, self.transport.close)

    def _unwatch(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
