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

ANONYMOUS = "anonymous"  # no API key is called so
EVERYTHING: frozenset[Permission] = frozenset({"read", "write"})
CURRENT: ContextVar[str] = ContextVar("caller", default="")  # the identity, for whom the request does not reach
NETWORK_BITS = 64  # of an IPv6 address: one household or server has them all to itself, and changes the rest at will


@dataclass(frozen=True)
class Caller:
    """Who a request comes from, and what he may do.

    Attributes:
        name: Of the API key that came with the request; `anonymous` without one.
        address: The IP address, behind a trusted proxy the one that it tells; empty on a Unix socket.
        scopes: `read` and `write`, as far as he has them.
    """

    name: str
    address: str
    scopes: frozenset[Permission]

    @property
    def identity(self) -> str:
        """Under what his requests are counted: his key's name, else his address; of IPv6 the network of his own.

        A name never looks like an address, since it holds no dot and no colon.
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
    """Keep the request's caller for whatever serves the request."""
    scope.setdefault("state", {})["caller"] = caller
    CURRENT.set(caller.identity)  # never reset: each request runs in a task of its own


def caller(request: Request) -> Caller:
    """The request's caller; may be a dependency of a route."""
    found: Caller = request.scope["state"]["caller"]
    return found


def address(scope: Scope) -> str:
    """The address of the request's client; empty where there is none."""
    return scope["client"][0] if scope.get("client") else ""


async def while_waited_for(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Do the work; give it up when the caller goes. The request's body must have been read before.

    Raises:
        CallerGoneError: Nobody waits for the result.
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
    """Return when the caller has gone. The request's body must have been read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
