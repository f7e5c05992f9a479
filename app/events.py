"""An answer as server-sent events: the progress of the work, and at the end its result."""

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
SILENCE = 10.0  # seconds without an event, after which a comment is sent to keep proxies from closing the connection
SEND_TIMEOUT = 30.0  # seconds that a caller may need to receive what was sent

# Marks the end of the events in their queue.
END = None
Events = asyncio.Queue[Event | None]


def described(description: str, model: type[BaseModel]) -> dict[str, Any]:
    """An answer for the OpenAPI document that comes as one document or as events."""
    schema = {"type": "string", "description": "`attempt`, `token` and `validation`; last a `diagram` or a `problem`."}
    content = {MEDIA_TYPE: {"schema": schema, "example": examples.EVENTS}}
    return {"model": model, "description": description, "content": content}


def wanted(headers: Headers) -> bool:
    """Whether the caller asks for events."""
    kinds = ",".join(headers.getlist("accept")).split(",")
    return any(kind.partition(";")[0].strip().lower() == MEDIA_TYPE for kind in kinds)


class EventStream(Response):
    """The events of some work, then its result: a `diagram` or a `problem`.

    Args:
        events: A queue of the events, with `END` at its end.
        work: The task that returns the result.
        progress: Stops the work.
    """

    media_type = MEDIA_TYPE

    def __init__(self, events: Events, work: asyncio.Task[BaseModel], progress: Progress) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._events = events
        self._work = work
        self._progress = progress

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send each event as soon as it is in the queue."""

        async def put(body: bytes, more: bool = True) -> None:
            async with asyncio.timeout(SEND_TIMEOUT):
                await send({"type": "http.response.body", "body": body, "more_body": more})

        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            while (chunk := await self._next()) is not None:
                await put(chunk)
            await put(_result(self._work.result()), more=False)
        except (TimeoutError, OSError):
            logger.warning("a caller does not read the events that he asked for")
            self._progress.stop()
            await asyncio.wait({self._work})  # what the model has written so far is saved
        finally:
            self._work.cancel()

    async def _next(self) -> bytes | None:
        """The next event, or a comment after a silence; None after the last event."""
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
