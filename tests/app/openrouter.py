"""A fake OpenRouter: the real protocol of POST /chat/completions, streamed or not, with faults on demand.

Frames, error bodies and status codes follow OpenRouter's documentation of streaming and of errors: comments while a
model thinks, `data:` chunks of type `chat.completion.chunk`, errors after the 200 as a chunk with `error`, `[DONE]`.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from starlette.types import Receive, Scope, Send

from tests.app.servers import AsgiServer

Reply = Callable[[Send, dict[str, Any]], Any]


def chunk(delta: dict[str, Any], finish: str | None = None, **extra: Any) -> str:
    body = {
        "id": "gen-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "test/model",
        "provider": "Test",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish, "native_finish_reason": finish}],
        **extra,
    }
    return f"data: {json.dumps(body)}\n\n"


async def start(send: Send, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
    raw = [(b"content-type", kind.encode())] + [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})


async def put(send: Send, text: str, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": more})


def says(text: str, finish: str = "stop", refusal: str | None = None) -> Reply:
    """Stream this text in pieces."""

    async def reply(send: Send, _: dict[str, Any]) -> None:
        await start(send)
        await put(send, ": OPENROUTER PROCESSING\n\n")
        await put(send, chunk({"role": "assistant", "content": ""}))
        for at in range(0, len(text), 7):
            await put(send, chunk({"content": text[at : at + 7]}))
        if refusal:
            await put(send, chunk({"content": None, "refusal": refusal}))
        await put(send, chunk({"content": ""}, finish))
        await put(send, "data: [DONE]\n\n", more=False)

    return reply


def breaks_off(text: str, finish: str | None = None) -> Reply:
    """Stream this text and end cleanly, without a reason (or with a bad one): a provider that was cut off."""
    return raw(chunk({"content": text}) + (chunk({"content": ""}, finish) if finish else ""))


def packed(text: str, encoding: str = "gzip") -> Reply:
    """Answer at once, compressed."""

    async def reply(send: Send, _: dict[str, Any]) -> None:
        message = {"role": "assistant", "content": text}
        whole = json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).encode()
        await start(send, kind="application/json", content_encoding=encoding)
        await send({"type": "http.response.body", "body": gzip.compress(whole)})

    return reply


def moves(url: str) -> Reply:
    """Send the caller elsewhere."""

    async def reply(send: Send, _: dict[str, Any]) -> None:
        await start(send, 307, location=url)
        await put(send, "", more=False)

    return reply


def says_at_once(text: Any, finish: str = "stop", refusal: str | None = None) -> Reply:
    """Answer without streaming, as `stream: false` asks for, and as some compatible endpoints do whatever is asked."""

    async def reply(send: Send, _: dict[str, Any]) -> None:
        message = {"role": "assistant", "content": text, "refusal": refusal}
        body = {
            "id": "gen-1",
            "object": "chat.completion",
            "created": 1,
            "model": "test/model",
            "choices": [{"index": 0, "message": message, "finish_reason": finish, "native_finish_reason": finish}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }
        await start(send, kind="application/json")
        await put(send, json.dumps(body), more=False)

    return reply


def fails(status: int, message: str = "no", metadata: dict[str, Any] | None = None, **headers: str) -> Reply:
    """Answer with OpenRouter's error body."""

    async def reply(send: Send, _: dict[str, Any]) -> None:
        error: dict[str, Any] = {"code": status, "message": message}
        if metadata:
            error["metadata"] = metadata
        await start(send, status, "application/json", **headers)
        await put(send, json.dumps({"error": error}), more=False)

    return reply


def fails_midway(code: Any, message: str) -> Reply:
    """Start well, then send an error as OpenRouter does after the 200."""

    async def reply(send: Send, _: dict[str, Any]) -> None:
        await start(send)
        await put(send, chunk({"content": "flowch"}))
        await put(send, chunk({"content": ""}, "error", error={"code": code, "message": message}))
        await put(send, "data: [DONE]\n\n", more=False)

    return reply


def raw(text: str, kind: str = "text/event-stream") -> Reply:
    """Answer 200 with this body, whatever it is."""

    async def reply(send: Send, _: dict[str, Any]) -> None:
        await start(send, 200, kind)
        await put(send, text, more=False)

    return reply


def drops(after: str = "") -> Reply:
    """Break the connection in the middle of the stream."""

    async def reply(send: Send, _: dict[str, Any]) -> None:
        await start(send, content_length="100000")
        await put(send, chunk({"content": after}), more=True)
        raise ConnectionAbortedError("the test drops this connection")

    return reply


def hangs(released: threading.Event, then: Reply | None = None, comments: bool = True) -> Reply:
    """Send comments, or nothing at all, until the test releases it."""

    async def reply(send: Send, body: dict[str, Any]) -> None:
        if then is None:
            await start(send)
            await put(send, chunk({"role": "assistant", "content": ""}))
        while not released.is_set():
            if then is None and comments:
                await put(send, ": OPENROUTER PROCESSING\n\n")
            await asyncio.sleep(0.05)
        if then is None:
            await put(send, "", more=False)
        else:
            await then(send, body)

    return reply


def endless() -> Reply:
    """Never stop writing."""
    return floods(chunk({"content": "A --> B\n" * 500}))


def floods(text: str, status: int = 200) -> Reply:
    """Send this again and again."""

    async def reply(send: Send, _: dict[str, Any]) -> None:
        await start(send, status)
        while True:
            await put(send, text)
            await asyncio.sleep(0)

    return reply


async def disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class OpenRouter(AsgiServer):
    """The server; `script` holds the replies to come (the last one again and again), `requests` what was asked.

    `abandoned` counts the requests whose caller went before the answer was complete.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.script: deque[Reply] = deque()
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.abandoned = 0
        super().__init__(self._serve, host=host)

    def reset(self) -> None:
        for record in (self.script, self.requests, self.headers):
            record.clear()
        self.abandoned = 0

    def __enter__(self) -> OpenRouter:
        self.start()
        return self

    def plan(self, *replies: Reply) -> None:
        self.script = deque(replies)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.headers.append({key.decode(): value.decode() for key, value in scope["headers"]})
        if scope["path"] != "/api/v1/chat/completions" or scope["method"] != "POST":
            await fails(404, f"no such endpoint {scope['path']}")(send, {})
            return
        request = json.loads(body)
        self.requests.append(request)
        reply = self.script.popleft() if len(self.script) > 1 else self.script[0]
        answering, gone = asyncio.ensure_future(reply(send, request)), asyncio.ensure_future(disconnected(receive))
        await asyncio.wait({answering, gone}, return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        if answering.done():
            answering.result()
        else:  # a server that nobody listens to any more would send for ever
            answering.cancel()
            self.abandoned += 1
