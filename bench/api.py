"""How quick the API is within the limits of production: `uv run python -m bench.api`.

Starts a clone of this project with `invoke prod` (own name, own ports), and asks at a fixed rate: each latency counts
from the moment that the request was due, so a stall shows in all that wait behind it. Diagrams are written too, by a
fake model on this machine, before memory is measured. Needs a Docker Engine and the base images.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.app.openrouter import OpenRouter, says
from tests.conftest import free_ports, remove_project
from tests.engine.conftest import Project, make_clone
from tests.engine.scene import connected

SECONDS = 15
ENV = """\
OPENROUTER_API_KEY=sk-or-{key}
OPENROUTER_BASE_URL={model}
API_KEYS=bench:{api_key}
POSTGRES_USER=ba_copilot
POSTGRES_PASSWORD={password}
POSTGRES_API_PASSWORD={password}-of-the-api
POSTGRES_DB=ba_copilot
LLM_DAILY_REQUESTS=
API_REQUESTS_PER_MINUTE=60000
"""
API_KEY = secrets.token_hex(20)
DIAGRAMS = [
    "flowchart LR\n  A[Order] --> B{Paid?}\n  B -->|yes| C[Ship]\n  B -->|no| D[Remind]",
    "sequenceDiagram\n  Alice->>Bob: Hello\n  alt known\n    Bob-->>Alice: Hi\n  else\n    Bob-->>Alice: Who?\n  end",
    "erDiagram\n  CUSTOMER ||--o{ ORDER : places\n  ORDER ||--|{ LINE : has",
    "stateDiagram-v2\n  [*] --> Open\n  Open --> Closed: close\n  Closed --> [*]",
    "flowchart LR\n  A[Order --> B",
]


def main() -> int:
    """Measure, print the table, and return 1 when a goal is missed."""
    with production() as clone:
        rows = asyncio.run(measure(clone))
    table = Table("what", "measured", "goal", "")
    for what, value, goal, unit in rows:
        table.add_row(what, f"{value:.1f} {unit}", f"≤ {goal:g} {unit}", "" if value <= goal else "missed")
    Console().print(table)
    return 0 if all(value <= goal for _, value, goal, _ in rows) else 1


@contextlib.contextmanager
def production() -> Iterator[Project]:
    """A clone of this project, started as in production, with a fake model on this machine."""
    with tempfile.TemporaryDirectory() as folder, OpenRouter(host=gateway()) as model:
        model.plan(says(DIAGRAMS[0]))
        clone = make_clone(Path(folder) / "clone", free_ports())
        values = {"key": secrets.token_hex(16), "password": secrets.token_hex(16), "model": f"{model.url}/api/v1"}
        clone.write(".env", ENV.format(api_key=API_KEY, **values))
        (clone.root / ".env").chmod(0o600)
        try:
            clone.ok("prod", env={"API_BIND": "127.0.0.1"})
            yield clone
        finally:
            remove_project(clone.name)


async def measure(clone: Project) -> list[tuple[str, float, float, str]]:
    """Each row: what, the value, the goal, the unit."""
    port = int(clone.environment["API_PORT"])
    bodies = [json.dumps({"code": code}).encode() for code in DIAGRAMS]
    requests = [post("/api/v1/diagrams/validate", body) for body in bodies]
    await load(port, requests, rate=50, seconds=3)
    validate, refused = await load(port, requests, rate=50)
    health, unwell = await load(port, [b"GET /health HTTP/1.1\r\nHost: bench\r\n\r\n"], rate=200)
    prompt = json.dumps({"prompt": "An order is paid and shipped"}).encode()
    _, unwritten = await load(port, [post("/api/v1/diagrams", prompt)], rate=10, expected=201)
    for answer in {*refused, *unwell, *unwritten}:
        print(answer, file=sys.stderr)
    return [
        ("validate through the API, 50 req/s: p50", statistics.median(validate), 15, "ms"),
        ("validate through the API, 50 req/s: p99", percentile(validate, 99), 60, "ms"),
        ("/health, 200 req/s: p50", statistics.median(health), 10, "ms"),
        ("/health, 200 req/s: p99", percentile(health, 99), 10, "ms"),
        ("answers other than 200 and 201, and lost ones", len(refused) + len(unwell) + len(unwritten), 0, ""),
        ("memory of the ai-service, 4 workers", memory(clone), 500, "MB"),
    ]


def post(path: str, body: bytes) -> bytes:
    """A request on the wire."""
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {API_KEY}\r\n"
    head += "Content-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


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


def percentile(values: list[float], percent: int) -> float:
    """The value that so many per cent do not exceed."""
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def gateway() -> str:
    """This machine's address as containers see it."""
    network = connected().client.networks.get("bridge")
    return str(network.attrs["IPAM"]["Config"][0]["Gateway"])


def memory(clone: Project) -> float:
    """What the service's container uses, page cache that can be dropped left out, in MB (as `docker stats` counts)."""
    stats = connected().client.containers.get(clone.container("ai-service").id).stats(stream=False)["memory_stats"]
    return float(stats["usage"] - stats["stats"].get("inactive_file", 0)) / 1e6


if __name__ == "__main__":
    sys.exit(main())
