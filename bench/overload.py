"""What is left of the service when too many ask at once: `uv run python -m bench.overload`.

Starts a clone of this project with `invoke prod` (bench.production), and has 20 and then 200 callers ask for verdicts,
each again as soon as it was answered; several pairs in turn, so that whatever else the machine does meets both. Counts
what was answered in time, what was refused, and how long refusals, reads and /health take meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench import harness
from bench.figure import Figure
from bench.production import API_KEY, DIAGRAMS, percentile, post, production

SECONDS = 10.0
PAIRS = 3
FEW, MANY = 20, 200
GOAL = 90  # per cent of the good answers to few callers that many callers get


@dataclass
class Tally:
    """What came of one run: how many answers of each status, and their times in ms."""

    statuses: Counter[str] = field(default_factory=Counter)
    times: dict[str, list[float]] = field(default_factory=dict)

    def add(self, status: str, milliseconds: float) -> None:
        """Count one answer."""
        self.statuses[status] += 1
        self.times.setdefault(status, []).append(milliseconds)

    def p99(self, status: str) -> float:
        """The time that 99 % of these answers do not exceed, in ms; 0 where there were none."""
        return percentile(self.times[status], 99) if status in self.times else 0.0


def main() -> int:
    """Measure, print the table, and return 1 when the goal is missed."""
    return harness.run(__doc__, start)


def start(options: harness.Options) -> Iterator[Figure]:
    """Start the stack of production, and measure it."""
    with production() as (clone, _):
        yield from asyncio.run(figures(int(clone.environment["API_PORT"]), 1 if options.quick else PAIRS))


async def figures(port: int, pairs: int = PAIRS) -> list[Figure]:
    """Run the pairs: many callers' good answers in per cent of few callers', and how soon each answer came."""
    requests = [post("/api/v1/diagrams/validate", json.dumps({"code": code}).encode()) for code in DIAGRAMS]
    await crowd(port, requests, FEW, 3)
    good: dict[int, list[float]] = {FEW: [], MANY: []}
    late: dict[str, list[float]] = {}
    for _ in range(pairs):
        for clients in (FEW, MANY):
            reads, health = Tally(), Tally()
            tally, _, _ = await asyncio.gather(
                crowd(port, requests, clients, SECONDS),
                poll(port, "/api/v1/diagrams?limit=1", reads),
                poll(port, "/health", health),
            )
            good[clients].append(tally.statuses["200"] / SECONDS)
            print(f"{clients} callers: {dict(tally.statuses)}; reads {dict(reads.statuses)}", file=sys.stderr)
            found = {"good": tally.p99("200"), "refused": tally.p99("overloaded"), "list": reads.p99("200")}
            for name, took in {**found, "/health": health.p99("200")}.items():
                late.setdefault(f"{name}, {clients} callers: p99", []).append(took)
    shares = [100 * many / few for few, many in zip(good[FEW], good[MANY], strict=True)]
    what = f"good verdicts with {MANY} callers, of those with {FEW}"
    return [
        Figure(what, "%", shares, goal=GOAL, at_least=True),
        *(Figure(name, "ms", took) for name, took in late.items()),
    ]


async def crowd(port: int, requests: list[bytes], clients: int, seconds: float) -> Tally:
    """Have so many callers ask, each again at once, for so long."""
    tally = Tally()
    end = time.perf_counter() + seconds
    await asyncio.gather(*(caller(port, requests, number, end, tally) for number in range(clients)))
    return tally


async def caller(port: int, requests: list[bytes], number: int, end: float, tally: Tally) -> None:
    """One caller with a connection of its own."""
    while time.perf_counter() < end:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                while time.perf_counter() < end:
                    number += 1
                    await ask(reader, writer, requests[number % len(requests)], end, tally)
            except asyncio.IncompleteReadError:
                tally.add("lost", 0)
            finally:
                writer.close()


async def ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, end: float, tally: Tally
) -> None:
    """Ask once; what is answered after the end counts for nothing."""
    start = time.perf_counter()
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    body = await reader.readexactly(int(length[1]) if length else 0)
    if time.perf_counter() <= end:
        status = head[9:12].decode()
        tally.add(status if status == "200" else json.loads(body)["type"], (time.perf_counter() - start) * 1000)


async def poll(port: int, path: str, tally: Tally) -> None:
    """Ask ten times a second, over one connection."""
    end = time.perf_counter() + SECONDS
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {API_KEY}\r\n\r\n".encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < end:
        await ask(
            reader,
            writer,
            request,
            end,
            tally,
        )
        await asyncio.sleep(0.1)
    writer.close()


if __name__ == "__main__":
    sys.exit(main())
