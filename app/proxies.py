"""Who is believed about a request's client: the proxies that are known by their names, such as the stack's edge.

uvicorn believes fixed addresses (FORWARDED_ALLOW_IPS). A container is given another address now and then.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app import caller

logger = logging.getLogger(__name__)

PAUSE = 1.0  # seconds between two looks: whoever reaches the service past the proxy shall not cause one each time


class Proxies:
    """Take the client and the scheme from the headers of a request that comes from one of the named hosts.

    The names are looked up when a request comes from an address that none of them had.
    """

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self.app = app
        self._names = names
        self._addresses: frozenset[str] = frozenset()
        self._looked = -PAUSE
        self._looking = asyncio.Lock()
        self._believing = ProxyHeadersMiddleware(app, [])  # type: ignore[arg-type]  # uvicorn has its own ASGI types

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "lifespan" and (peer := caller.address(scope)) not in self._addresses:
            await self._look(peer)
        await self._believing(scope, receive, send)  # type: ignore[arg-type]  # the same

    async def _look(self, peer: str) -> None:
        async with self._looking:
            if peer in self._addresses or time.monotonic() < self._looked + PAUSE:
                return
            found = {address for name in self._names for address in await _addresses(name)}
            self._looked = time.monotonic()
            if found != self._addresses:
                self._believing = ProxyHeadersMiddleware(self.app, sorted(found))  # type: ignore[arg-type]  # the same
                self._addresses = frozenset(found)


async def _addresses(name: str) -> list[str]:
    """The addresses of a host; none, where nobody knows it now."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError as error:
        logger.debug("the proxy %s is not known: %s", name, error)
        return []
    return [str(address[0]) for *_, address in found]
