"""Who a request comes from, and whether he still waits for the answer."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Coroutine
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from fastapi import Request
from starlette.types import Scope

from app.errors import CallerGoneError

Permission = Literal["read", "write"]
T = TypeVar("T")

ANONYMOUS = "anonymous"  # no API key may have this name
EVERYTHING: frozenset[Permission] = frozenset({"read", "write"})
CURRENT: ContextVar[str] = ContextVar("caller", default="")  # the identity, for code that does not get the request
NETWORK_BITS = 64  # of an IPv6 address: one household or server owns a whole /64, and may use any address in it


@dataclass(frozen=True)
class Caller:
    """Who a request comes from, and what he may do.

    Attributes:
        name: The name of the API key that was sent; `anonymous` without one.
        address: The IP address of the client, as a trusted proxy tells it if there is one; empty on a Unix socket.
        scopes: Which of `read` and `write` the caller has.
    """

    name: str
    address: str
    scopes: frozenset[Permission]

    @property
    def identity(self) -> str:
        """The name under which his requests are counted: the name of the key, else the IP address or IPv6 network.

        The name of a key never looks like an address, since it has no dot and no colon.
        """
        if self.name != ANONYMOUS:
            return self.name
        try:
            address = ipaddress.ip_address(self.address.partition("%")[0])
        except ValueError:
            return ANONYMOUS
        if isinstance(address, ipaddress.IPv4Address):
            return str(address)
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.IPv6Network((address, NETWORK_BITS), strict=False))


def set_caller(scope: Scope, caller: Caller) -> None:
    """Store the caller in the request's scope."""
    scope.setdefault("state", {})["caller"] = caller
    CURRENT.set(caller.identity)  # never reset, since each request has its own task


def caller(request: Request) -> Caller:
    """The caller of a request. Routes can use it as a dependency."""
    found: Caller = request.scope["state"]["caller"]
    return found


def address(scope: Scope) -> str:
    """The IP address of the client; empty if there is none."""
    return scope["client"][0] if scope.get("client") else ""


async def while_waited_for(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Do the work, but cancel it when the caller closes the connection. The body must have been read before.

    Raises:
        CallerGoneError: The caller closed the connection.
    """
    task = asyncio.create_task(work)
    left = asyncio.create_task(gone(request))
    try:
        await asyncio.wait({task, left}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
    finally:
        task.cancel()
        left.cancel()
    raise CallerGoneError


async def gone(request: Request) -> None:
    """Return when the caller has closed the connection. The body must have been read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
