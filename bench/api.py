"""How quick and how fair the API is within the limits of production: `uv run python -m bench.api`.

Starts a clone of this project with `invoke prod` (own name, own ports), and asks at a fixed rate: each latency counts
from the moment that the request was due, so a stall shows in all that wait behind it. Diagrams are written too, by a
fake model on this machine, before memory is measured. Then come the first token (bench.first_token), 200 callers at
once (bench.overload) and those who send bombs (bench.bombs). Needs a Docker Engine and the base images.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Iterator
from typing import Any

from bench import bombs, first_token, harness, overload
from bench.figure import Figure
from bench.production import API_KEYS, BOMBERS, DIAGRAMS, OTHERS, percentile, post, production
from tests.app.openrouter import OpenRouter
from tests.engine.conftest import Project
from tests.engine.scene import connected

SECONDS = 15


def main() -> int:
    """Measure, print the table, and return 1 when a goal is missed."""
    return harness.run(__doc__, start)


def start(options: harness.Options) -> Iterator[Figure]:
    """Start the stack of production, and measure it."""
    with production() as (clone, model):
        yield from asyncio.run(measure(clone, model, quick=options.quick))


async def measure(clone: Project, model: OpenRouter, *, quick: bool) -> list[Figure]:
    """All figures, one after the other."""
    port = int(clone.environment["API_PORT"])
    seconds = 3 if quick else SECONDS
    usual = [*await alone(clone, port, seconds), *await first_token.figures(port, model, 20 if quick else 200)]
    if quick:
        return usual
    return [*usual, *await overload.figures(port), *await bombarded(port)]


async def alone(clone: Project, port: int, seconds: float) -> list[Figure]:
    """What ordinary callers meet."""
    bodies = [json.dumps({"code": code}).encode() for code in DIAGRAMS]
    requests = [post("/api/v1/diagrams/validate", body) for body in bodies]
    await load(port, requests, rate=50, seconds=3)
    validate, refused = await load(port, requests, rate=50, seconds=seconds)
    health, unwell = await load(port, [b"GET /health HTTP/1.1\r\nHost: bench\r\n\r\n"], rate=200, seconds=seconds)
    prompt = json.dumps({"prompt": "An order is paid and shipped"}).encode()
    _, unwritten = await load(port, [post("/api/v1/diagrams", prompt)], rate=10, seconds=seconds, expected=201)
    for answer in {*refused, *unwell, *unwritten}:
        print(answer, file=sys.stderr)
    bad = len(refused) + len(unwell) + len(unwritten)
    return [
        Figure("validate through the API, 50 req/s: p50", "ms", validate, goal=15),
        Figure("validate through the API, 50 req/s: p99", "ms", [percentile(validate, 99)], goal=60),
        Figure("/health, 200 req/s: p50", "ms", health, goal=10),
        Figure("/health, 200 req/s: p99", "ms", [percentile(health, 99)], goal=10),
        Figure("answers other than 200 and 201, and lost ones", "", [bad], goal=0),
        Figure("memory of the ai-service, 4 workers", "MB", [memory(clone)], goal=500),
    ]


async def bombarded(port: int) -> list[Figure]:
    """What is left of the validator for others while four callers send bombs: one bomb again and again, then many."""
    others = [(name, API_KEYS[name]) for name in OTHERS]
    figures = []
    for same, names in ((True, BOMBERS[:4]), (False, BOMBERS[4:])):
        bombers = [(name, API_KEYS[name]) for name in names]
        outcome = await bombs.bombard(f"http://127.0.0.1:{port}", bombers, others, same=same)
        print(outcome.told(), file=sys.stderr)
        what = f"judged within {bombs.IN_TIME} s beside 4 callers with {'one bomb' if same else 'a new bomb each time'}"
        figures.append(Figure(what, "%", [outcome.share], goal=bombs.GOAL, at_least=True))
    return figures


async def load(
    port: int, requests: list[bytes], *, rate: int, seconds: float = SECONDS, expected: int = 200
) -> tuple[list[float], list[str]]:
    """Ask `rate` times a second over 32 kept connections: the latencies in ms, and what was answered instead."""
    idle: asyncio.Queue[Any] = asyncio.Queue()
    for _ in range(32):
        idle.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    latencies: list[float] = []
    failures: list[str] = []

    async def ask(number: int, due: float) -> None:
        reader, writer = await idle.get()
        try:
            writer.write(requests[number % len(requests)])
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(re.search(rb"content-length: (\d+)", head.lower())[1])  # type: ignore[index]
            body = await reader.readexactly(length)
        except (asyncio.IncompleteReadError, OSError) as error:
            failures.append(f"lost: {error}")
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        else:
            if not head.startswith(f"HTTP/1.1 {expected} ".encode()):
                failures.append(body.decode())
        latencies.append((time.perf_counter() - due) * 1000)
        idle.put_nowait((reader, writer))

    begin = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(round(rate * seconds)):
            due = begin + number / rate
            await asyncio.sleep(due - time.perf_counter())
            group.create_task(ask(number, due))
    while not idle.empty():
        idle.get_nowait()[1].close()
    return latencies, failures


def memory(clone: Project) -> float:
    """What the service's container uses, page cache that can be dropped left out, in MB (as `docker stats` counts)."""
    stats = connected().client.containers.get(clone.container("ai-service").id).stats(stream=False)["memory_stats"]
    return float(stats["usage"] - stats["stats"].get("inactive_file", 0)) / 1e6


if __name__ == "__main__":
    sys.exit(main())
