"""How long a backup and a restore take, beside PostgreSQL's own programs on the same database, and how much memory.

A database is filled with rows that compress as text does. Then, in turn: plain `docker exec … pg_dump -Fc` to a file
and `invoke backup`; plain `pg_restore` into an empty database and `invoke restore --into`; then `invoke restore`, for
its gap.

Exit code 1 when a goal is missed.

    python -m bench.data [--size 10 100 1000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from bench import harness
from bench.figure import Figure

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 1.2
MEMORY = 150
GAP = 3.0
ROW = 1000
"""Bytes of a row, about."""

STACK = """
services:
  db:
    image: postgres:17-alpine
    environment: {POSTGRES_USER: ann, POSTGRES_PASSWORD: only-for-this-bench, POSTGRES_DB: shop}
    volumes: [db-data:/var/lib/postgresql/data]
    healthcheck: {test: [CMD-SHELL, pg_isready -h 127.0.0.1], interval: 1s, start_interval: 250ms, start_period: 60s}
volumes: {db-data: }
"""

FILL = """
CREATE TABLE item (id serial PRIMARY KEY, kind int, body text, created_at timestamptz DEFAULT now());
INSERT INTO item (kind, body) SELECT i % 100, (SELECT string_agg(md5((i * 31 + j)::text) || ' the same words ', '')
  FROM generate_series(1, 20) j) FROM generate_series(1, {rows}) i;
CREATE INDEX ON item (kind);
CHECKPOINT;
"""


class Stack:
    """A project with a database, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"bench-data-{uuid.uuid4().hex[:8]}"
        (folder / "compose.yaml").write_text(STACK, encoding="utf-8")
        (folder / "tasks.py").write_text("from upready.tasks import ns\n", encoding="utf-8")
        self.variables = {**os.environ, "COMPOSE_PROJECT_NAME": self.name, "OPS_STATE_DIR": str(folder / "state")}

    def invoke(self, *words: str) -> tuple[float, str]:
        """Run a task; its seconds, and what it printed."""
        began = time.perf_counter()
        line = [sys.executable, "-m", "invoke", *words]
        done = subprocess.run(
            line, cwd=self.folder, env=self.variables, capture_output=True, encoding="utf-8", check=False
        )
        if done.returncode:
            raise SystemExit(f"invoke {' '.join(words)}: {done.returncode}\n{done.stderr}")
        return time.perf_counter() - began, done.stdout

    def program(self, *words: str, source: Path | None = None, target: Path | None = None) -> float:
        """Run a program in the database's container; its seconds."""
        began = time.perf_counter()
        with (source or Path(os.devnull)).open("rb") as given, (target or Path(os.devnull)).open("wb") as taken:
            line = ["docker", "exec", "-i", f"{self.name}-db-1", *words]
            subprocess.run(line, stdin=given, stdout=taken, check=True)
        return time.perf_counter() - began

    def sql(self, text: str) -> None:
        """Run SQL in its database."""
        line = ["docker", "exec", "-i", f"{self.name}-db-1", "psql", "-q", "-U", "ann", "-d", "shop"]
        subprocess.run(line, input=text, encoding="utf-8", check=True)


def main() -> int:
    """Print the table; 0 when every goal is met."""
    return harness.run(__doc__, start, options)


def options(parser: argparse.ArgumentParser) -> None:
    """The options of this module."""
    parser.add_argument("--size", type=int, nargs="*", default=[10, 100, 1000], help="megabytes of rows")
    parser.add_argument("--rounds", type=int, default=3)


def start(options: harness.Options) -> Iterator[Figure]:
    """Fill a database of each size, and measure; the goals are those of the largest."""
    for size in options.size[:1] if options.quick else options.size:
        with tempfile.TemporaryDirectory() as folder:
            stack = Stack(Path(folder))
            try:
                stack.invoke("dev")
                stack.sql(FILL.format(rows=size * 1_000_000 // ROW))
                promised = size == max(options.size) and not options.quick
                yield from measure(stack, 1 if options.quick else options.rounds, size, promised=promised)
            finally:
                stack.invoke("stop", "--volumes", "--yes")


def measure(stack: Stack, rounds: int, size: int, *, promised: bool) -> Iterator[Figure]:
    """Both ways in turn, so that they meet the same machine."""
    dump, backup = stack.folder / "plain.dump", stack.folder / "ours.backup.tar"
    peaks: list[float] = []
    plain: list[float] = []
    ours: list[float] = []

    def task(*words: str) -> float:
        seconds, most = watched(lambda: stack.invoke(*words)[0])
        peaks.append(most)
        return seconds

    grown: dict[str, Any] = {"size": size, "sizes": "MB of rows"}
    limit = LIMIT if promised else None
    for _ in range(rounds):
        plain.append(stack.program("pg_dump", "-U", "ann", "-Fc", "shop", target=dump))
        ours.append(task("backup", "--output", str(backup)))
    yield Figure("backup", "s", ours, {"pg_dump -Fc": plain}, ratio_goal=limit, **grown)
    plain, ours = [], []
    for _ in range(rounds):
        stack.sql("CREATE DATABASE plain")
        plain.append(stack.program("pg_restore", "-U", "ann", "-d", "plain", source=dump))
        stack.sql("DROP DATABASE plain")
        ours.append(task("restore", str(backup), "--into", "ours"))
        stack.sql("DROP DATABASE ours")
    yield Figure("restore", "s", ours, {"pg_restore": plain}, ratio_goal=limit, **grown)
    gap = json.loads(stack.invoke("restore", str(backup), "--yes", "--json")[1])["gap"]
    yield Figure("backup and restore: most memory", "MB", [max(peaks)], goal=MEMORY, **grown)
    yield Figure("restore: the service is away for", "s", [gap], goal=GAP, **grown)


def watched(work: Callable[[], float]) -> tuple[float, float]:
    """Do something; its result, and the most memory that this process's children had meanwhile, in MB."""
    import threading

    over, most = threading.Event(), 0.0

    def look() -> None:
        nonlocal most
        while not over.wait(0.05):
            total = 0
            for child in psutil.Process().children(recursive=True):
                try:
                    # The task itself; what compose's program holds is its own.
                    total += child.memory_info().rss if "python" in child.name() else 0
                except psutil.Error:
                    continue
            most = max(most, total / 1e6)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        return work(), most
    finally:
        over.set()
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
