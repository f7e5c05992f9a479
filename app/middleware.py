"""The layers around the routes: request ids and log lines, security headers, limits of bodies, and rules of HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import metrics, prefix, problems, telemetry
from app.caller import Caller
from app.headers import secure
from app.logs import REQUEST_ID_HEADER, request_id
from app.problems import ProblemError

logger = logging.getLogger("app.request")

BODY_LIMIT = 1024 * 1024  # bytes
BODY_TIMEOUT = 10.0  # seconds from the start of reading the body to its last byte
REST_TIMEOUT = 1.0  # seconds that the rest of a body, which nobody wants, may take
LOGGED = 200  # characters of a method or a path that are logged; a caller may send 60,000
NO_WEBSOCKETS = ProblemError(
    400,
    "about:blank",
    "Bad Request",
    "This service has no WebSockets. Send a plain HTTP request; with `Accept: text/event-stream` a model's work comes "
    "as events.",
)
ACCEPTED_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)


class Middleware:
    """One layer around the application. Subclasses serve HTTP requests; everything else is passed on."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a message of the server: a request, or the start and the end of the process."""
        if scope["type"] == "http":
            await self.serve(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        raise NotImplementedError


class RequestLog(Middleware):
    """Give each request an id (the one of the caller if it is acceptable), answer with it, and log one line.

    Successful health checks are not logged, since they come several times a second. Nor are requests that were refused
    because there were too many.
    """

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
        current = given if ACCEPTED_ID.fullmatch(given) else uuid.uuid4().hex
        # Never reset: each request has its own task, and uvicorn logs a traceback from the same task.
        request_id.set(current)
        start = time.perf_counter()
        status = 500
        polled = prefix.own_path(scope).startswith("/health")
        scope.setdefault("state", {})  # shared by all layers; Access stores the caller in it

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = current
            await send(message)

        try:
            with telemetry.span(scope["method"], "server", None if polled else Headers(scope=scope)) as span:
                try:
                    await self.app(scope, receive, send_with_id)
                finally:
                    _trace(span, scope, status)
        finally:
            metrics.request(_route(scope), scope["method"], status, time.perf_counter() - start)
            unlogged = polled if status < 400 else scope["state"].get("unlogged")
            if not unlogged:
                _log(scope, status, time.perf_counter() - start)


class SecurityHeaders(Middleware):
    """Add the security headers that an answer does not have."""

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_securely(message: Message) -> None:
            if message["type"] == "http.response.start":
                secure(MutableHeaders(scope=message), scope)
            await send(message)

        await self.app(scope, receive, send_securely)


class BodyLimit(Middleware):
    """Refuse a body that is too long (413) or too slow (408), at the time when the route reads it."""

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        size, complete, deadline = 0, False, 0.0
        announced = Headers(scope=scope).get("content-length", "0")

        async def receive_within() -> Message:
            nonlocal size, complete, deadline
            if complete:
                return await receive()
            if announced.isdecimal() and int(announced) > BODY_LIMIT:
                raise HTTPException(413, f"A body may have {BODY_LIMIT} bytes.")
            deadline = deadline or asyncio.get_running_loop().time() + BODY_TIMEOUT
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, f"The body did not arrive within {BODY_TIMEOUT:g} s.") from None
            size += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if size > BODY_LIMIT:
                raise HTTPException(413, f"A body may have {BODY_LIMIT} bytes.")
            return message

        await self.app(scope, receive_within, send)


class WholeBody(Middleware):
    """Read the rest of a body that nobody wants before the answer begins.

    A proxy that still sends the body when the connection ends tells its caller 502 instead of what was answered.
    """

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers = Headers(scope=scope)
        length = headers.get("content-length", "")
        sent = 0 < int(length) <= BODY_LIMIT if length.isdecimal() else "transfer-encoding" in headers
        # A client that sends `Expect` waits to be told whether its body is wanted.
        complete = not sent or "expect" in headers

        async def receive_noted() -> Message:
            nonlocal complete
            message = await receive()
            complete = complete or not message.get("more_body", False)
            return message

        async def send_after(message: Message) -> None:
            nonlocal complete
            if not complete:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(REST_TIMEOUT):
                        left = BODY_LIMIT
                        while not complete and left > 0:
                            left -= len((await receive_noted()).get("body", b""))
                complete = True
            await send(message)

        await self.app(scope, receive_noted, send_after)


class HttpCustoms(Middleware):
    """Answer HEAD like GET, and a path with a slash at its end like the path without it; refuse WebSockets."""

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if Headers(scope=scope).get("upgrade", "").strip().lower() == "websocket":
            await problems.respond(NO_WEBSOCKETS, scope, receive, send)
            return
        head = scope["method"] == "HEAD"

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        served = {
            **scope,
            "path": prefix.of(scope) + (prefix.own_path(scope).rstrip("/") or "/"),
            "method": "GET" if head else scope["method"],
        }
        try:
            await self.app(served, receive, send_head if head else send)
        finally:
            scope["route"] = served.get("route")  # set by the router


def _route(scope: Scope) -> str:
    """The template of the route that served a request. With the path itself, each path would be a metric of its own."""
    template = getattr(scope.get("route"), "path", "")
    if template:
        return str(template)
    return "/assets" if prefix.own_path(scope).startswith("/assets/") else "none"


def _trace(span: telemetry.Span, scope: Scope, status: int) -> None:
    method = scope["method"] if scope["method"] in metrics.METHODS else "_OTHER"
    span.name = f"{method} {_route(scope)}"
    span.attributes = {
        "http.request.method": method,
        "http.route": _route(scope),
        "http.response.status_code": status,
        "request_id": request_id.get(),
    }
    span.failed = status >= 500


def _log(scope: Scope, status: int, seconds: float) -> None:
    level = logging.ERROR if status >= 500 else logging.INFO
    method, path = _shown(scope["method"]), _shown(scope["path"])
    found: Caller | None = scope["state"].get("caller")
    logger.log(
        level,
        "%s %s %d",
        method,
        path,
        status,
        extra={
            "method": method,
            "path": path,
            "status": status,
            "duration_ms": round(seconds * 1000, 1),
            **({"caller": found.identity} if found is not None else {}),
        },
    )


def _shown(text: str) -> str:
    return text if len(text) <= LOGGED else text[: LOGGED - 1] + "…"
