"""What the service adds to the time until a model's first token: `uv run python -m bench.first_token`.

A caller asks for a diagram as events. His time from the request to the first event `token` is taken, and from it the
model's own: from when the fake model was asked until it said its first word. What is left is the service's: the way to
the model and back, the caller's key, the place in the queue, and the call of the model that is counted.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from starlette.types import Send

from bench import harness
from bench.figure import Figure
from bench.production import DIAGRAMS, percentile, post, production
from tests.app import openrouter
from tests.app.openrouter import OpenRouter, chunk, put

TIMES = 200
THINKING = 0.05  # seconds, until the model says its first word
GOAL = 20  # ms
REQUEST = post("/api/v1/diagrams", json.dumps({"prompt": "An order is paid"}).encode(), accept="text/event-stream")


def main() -> int:
    """Measure, print, and return 1 when the goal is missed."""
    return harness.run(__doc__, start)


def start(options: harness.Options) -> Iterator[Figure]:
    """Start the stack of production, and measure it."""
    with production() as (clone, model):
        times = 20 if options.quick else TIMES
        yield from asyncio.run(figures(int(clone.environment["API_PORT"]), model, times))


async def figures(port: int, model: OpenRouter, times: int = TIMES) -> list[Figure]:
    """How much later than the model says its first token the caller has it."""
    added = await measure(port, model, times)
    what = "first token over the model's own"
    return [
        Figure(f"{what}: median", "ms", added, goal=GOAL),
        Figure(f"{what}: p95", "ms", [percentile(added, 95)], goal=GOAL),
    ]


async def measure(port: int, model: OpenRouter, times: int) -> list[float]:
    """What was added each time, in ms: one request after the other, each on a connection of its own, for any worker."""
    own: list[float] = []

    async def reply(send: Send, _: dict[str, Any]) -> None:
        asked = time.perf_counter()
        await openrouter.start(send)
        await put(send, chunk({"role": "assistant", "content": ""}))
        await asyncio.sleep(THINKING)
        own.append(time.perf_counter() - asked)
        for piece in DIAGRAMS[0].splitlines(keepends=True):
            await put(send, chunk({"content": piece}))
        await put(send, chunk({"content": ""}, "stop"))
        await put(send, "data: [DONE]\n\n", more=False)

    model.plan(reply)
    await asyncio.gather(*(first_token(port) for _ in range(16)))  # the first call of each worker opens connections
    added = []
    for _ in range(times):
        own.clear()
        taken = await first_token(port)
        added.append((taken - own[0]) * 1000)
    return added


async def first_token(port: int) -> float:
    """Seconds from the request to the first event `token`; the answer is read to its end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        begin = time.perf_counter()
        writer.write(REQUEST)
        await reader.readuntil(b"event: token\n")
        taken = time.perf_counter() - begin
        await reader.readuntil(b"event: diagram\n")
        await reader.readuntil(b"\r\n0\r\n\r\n")
    finally:
        writer.close()
    return taken


if __name__ == "__main__":
    sys.exit(main())
