"""How long a backup and a restore take, beside PostgreSQL's own programs on the same database, and how much memory.

A database is filled with rows that compress as text does. Then, in turn: plain `docker exec … pg_dump -Fc` to a file
and `invoke backup`; plain `pg_restore` into an empty database and `invoke restore --into`; then `invoke restore`, for
its gap.

Exit code 1 when a goal is missed.

    python -m bench.data [--size 1000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import psutil

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
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--size", type=int, default=1000, help="megabytes of rows")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder))
        try:
            stack.invoke("dev")
            stack.sql(FILL.format(rows=options.size * 1_000_000 // ROW))
            return measure(stack, options.rounds, options.size)
        finally:
            stack.invoke("stop", "--volumes", "--yes")


def measure(stack: Stack, rounds: int, size: int) -> int:
    """Both ways in turn, so that they meet the same machine."""
    dump, backup = stack.folder / "plain.dump", stack.folder / "ours.backup.tar"
    peak = 0.0
    plain: list[float] = []
    ours: list[float] = []
    for _ in range(rounds):
        plain.append(stack.program("pg_dump", "-U", "ann", "-Fc", "shop", target=dump))
        seconds, most = watched(lambda: stack.invoke("backup", "--output", str(backup))[0])
        ours.append(seconds)
        peak = max(peak, most)
    print(f"{size} MB of rows, {rounds} rounds; load {os.getloadavg()[0]:.1f}; seconds: median (best)")
    fine = told("backup", "pg_dump", plain, ours)
    plain, ours = [], []
    for _ in range(rounds):
        stack.sql("CREATE DATABASE plain")
        plain.append(stack.program("pg_restore", "-U", "ann", "-d", "plain", source=dump))
        stack.sql("DROP DATABASE plain")
        seconds, most = watched(lambda: stack.invoke("restore", str(backup), "--into", "ours")[0])
        ours.append(seconds)
        peak = max(peak, most)
        stack.sql("DROP DATABASE ours")
    fine &= told("restore", "pg_restore", plain, ours)
    gap = json.loads(stack.invoke("restore", str(backup), "--yes", "--json")[1])["gap"]
    print(f"memory   {peak:.0f} MB at most   goal: {MEMORY}")
    print(f"gap      {gap:.2f} s   goal: {GAP}")
    return 0 if fine and peak <= MEMORY and gap <= GAP else 1


def told(name: str, other: str, plain: list[float], ours: list[float]) -> bool:
    """Print one comparison; whether its goal is met."""
    ratio = statistics.median(ours) / statistics.median(plain)
    for label, runs in ((other, plain), (f"invoke {name}", ours)):
        print(f"{label:16} {statistics.median(runs):8.2f} ({min(runs):.2f})")
    print(f"{'ratio':16} {ratio:8.2f} ({min(ours) / min(plain):.2f})   goal: at most {LIMIT}")
    return ratio <= LIMIT


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
