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
import statistics
import sys
import time
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import bombs, first_token, overload
from bench.production import API_KEYS, BOMBERS, DIAGRAMS, OTHERS, percentile, post, production
from tests.app.openrouter import OpenRouter
from tests.engine.conftest import Project
from tests.engine.scene import connected

SECONDS = 15


@dataclass(frozen=True)
class Figure:
    """One thing that was measured, and what it should be: at most the goal, or at least."""

    what: str
    value: float
    goal: float
    unit: str
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        return self.value >= self.goal if self.at_least else self.value <= self.goal


def main() -> int:
    """Measure, print the table, and return 1 when a goal is missed."""
    with production() as (clone, model):
        figures = asyncio.run(measure(clone, model))
    table = Table("what", "measured", "goal", "")
    for figure in figures:
        goal = f"{'≥' if figure.at_least else '≤'} {figure.goal:g} {figure.unit}"
        table.add_row(figure.what, f"{figure.value:.1f} {figure.unit}", goal, "" if figure.met else "missed")
    Console(width=110).print(table)
    return 0 if all(figure.met for figure in figures) else 1


async def measure(clone: Project, model: OpenRouter) -> list[Figure]:
    """All figures, one after the other."""
    port = int(clone.environment["API_PORT"])
    return [*await alone(clone, port), *await streamed(port, model), *await crowded(port), *await bombarded(port)]


async def alone(clone: Project, port: int) -> list[Figure]:
    """What ordinary callers meet."""
    bodies = [json.dumps({"code": code}).encode() for code in DIAGRAMS]
    requests = [post("/api/v1/diagrams/validate", body) for body in bodies]
    await load(port, requests, rate=50, seconds=3)
    validate, refused = await load(port, requests, rate=50)
    health, unwell = await load(port, [b"GET /health HTTP/1.1\r\nHost: bench\r\n\r\n"], rate=200)
    prompt = json.dumps({"prompt": "An order is paid and shipped"}).encode()
    _, unwritten = await load(port, [post("/api/v1/diagrams", prompt)], rate=10, expected=201)
    for answer in {*refused, *unwell, *unwritten}:
        print(answer, file=sys.stderr)
    bad = len(refused) + len(unwell) + len(unwritten)
    return [
        Figure("validate through the API, 50 req/s: p50", statistics.median(validate), 15, "ms"),
        Figure("validate through the API, 50 req/s: p99", percentile(validate, 99), 60, "ms"),
        Figure("/health, 200 req/s: p50", statistics.median(health), 10, "ms"),
        Figure("/health, 200 req/s: p99", percentile(health, 99), 10, "ms"),
        Figure("answers other than 200 and 201, and lost ones", bad, 0, ""),
        Figure("memory of the ai-service, 4 workers", memory(clone), 500, "MB"),
    ]


async def streamed(port: int, model: OpenRouter) -> list[Figure]:
    """How much later than the model says its first token the caller has it."""
    added = await first_token.measure(port, model)
    return [
        Figure("first token over the model's own: median", statistics.median(added), first_token.GOAL, "ms"),
        Figure("first token over the model's own: p95", percentile(added, 95), first_token.GOAL, "ms"),
    ]


async def crowded(port: int) -> list[Figure]:
    """What is left of the good answers when far too many ask."""
    _, shares = await overload.compare(port)
    what = f"good verdicts with {overload.MANY} callers, of those with {overload.FEW}"
    return [Figure(what, statistics.median(shares), overload.GOAL, "%", at_least=True)]


async def bombarded(port: int) -> list[Figure]:
    """What is left of the validator for others while four callers send bombs: one bomb again and again, then many."""
    others = [(name, API_KEYS[name]) for name in OTHERS]
    figures = []
    for same, names in ((True, BOMBERS[:4]), (False, BOMBERS[4:])):
        bombers = [(name, API_KEYS[name]) for name in names]
        outcome = await bombs.bombard(f"http://127.0.0.1:{port}", bombers, others, same=same)
        print(outcome.told())
        what = f"judged within {bombs.IN_TIME} s beside 4 callers with {'one bomb' if same else 'a new bomb each time'}"
        figures.append(Figure(what, outcome.share, bombs.GOAL, "%", at_least=True))
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
