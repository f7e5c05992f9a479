"""The connection of whoever waits for an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request

from app.errors import CallerGoneError

T = TypeVar("T")


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
