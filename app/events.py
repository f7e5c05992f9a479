"""An answer as server-sent events: what happens is told as it happens, and last what came of it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from fastapi.sse import format_sse_event
from pydantic import BaseModel
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app import examples
from app.problems import Problem
from app.progress import Attempt, Event, Progress, Token

logger = logging.getLogger(__name__)

MEDIA_TYPE = "text/event-stream"
SILENCE = 10.0  # seconds without an event, after which a comment tells proxies that the connection is in use
SEND_TIMEOUT = 30.0  # seconds, in which a caller must take what was sent

# The end of the events, in the queue of them.
END = None
Events = asyncio.Queue[Event | None]


def described(description: str, model: type[BaseModel]) -> dict[str, Any]:
    """An answer of OpenAPI's that comes whole or as events."""
    schema = {"type": "string", "description": "`attempt`, `token` and `validation`; last a `diagram` or a `problem`."}
    content = {MEDIA_TYPE: {"schema": schema, "example": examples.EVENTS}}
    return {"model": model, "description": description, "content": content}


def wanted(headers: Headers) -> bool:
    """Whether the caller asks for events."""
    kinds = ",".join(headers.getlist("accept")).split(",")
    return any(kind.partition(";")[0].strip().lower() == MEDIA_TYPE for kind in kinds)


class EventStream(Response):
    """The events of some work, then its result: a `diagram`, or a `problem`.

    Args:
        events: They are put there while the work goes on, and `END` after it.
        work: Gives the result.
        progress: Of the work, to stop it.
    """

    media_type = MEDIA_TYPE

    def __init__(self, events: Events, work: asyncio.Task[BaseModel], progress: Progress) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._events = events
        self._work = work
        self._progress = progress

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what comes, as soon as it comes."""

        async def put(body: bytes, more: bool = True) -> None:
            async with asyncio.timeout(SEND_TIMEOUT):
                await send({"type": "http.response.body", "body": body, "more_body": more})

        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            while (chunk := await self._next()) is not None:
                await put(chunk)
            await put(_result(self._work.result()), more=False)
        except (TimeoutError, OSError):
            logger.warning("a caller does not take the events that he asked for")
            self._progress.stop()
            await asyncio.wait({self._work})  # what was written until now is kept
        finally:
            self._work.cancel()

    async def _next(self) -> bytes | None:
        """The events that are there, waiting for the first of them; None after the last."""
        try:
            async with asyncio.timeout(SILENCE):
                event = await self._events.get()
        except TimeoutError:
            return format_sse_event(comment="waiting")
        if event is END:
            return None
        return _event(_name(event), event)


def _name(event: Event) -> str:
    if isinstance(event, Attempt):
        return "attempt"
    return "token" if isinstance(event, Token) else "validation"


def _result(result: BaseModel) -> bytes:
    return _event("problem" if isinstance(result, Problem) else "diagram", result)


def _event(name: str, data: BaseModel) -> bytes:
    exclude = isinstance(data, Problem)
    return format_sse_event(event=name, data_str=data.model_dump_json(exclude_none=exclude))
