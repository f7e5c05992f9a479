"""How long a launch takes without an engine, on a clone of its own: `uv run python -m bench.native`.

The first row is all that a new user waits for, `uv run invoke dev` in a fresh clone: an environment, Node's packages, a
database. Packages come from the caches of uv, npm and pnpm as far as these have them. The other rows are medians of
several runs of the whole `invoke` process.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.conftest import free_ports
from tests.engine.conftest import Project, make_clone

RUNS = 3
NO_ENGINE = "unix:///nonexistent.sock"


def main() -> int:
    """Measure, print the table, and return 1 when a goal is missed."""
    with tempfile.TemporaryDirectory() as folder:
        clone = make_clone(Path(folder) / "clone", free_ports())
        clone.environment["DOCKER_HOST"] = NO_ENGINE
        try:
            rows = measure(clone)
        finally:
            clone.invoke("stop")
    table = Table("what", "seconds", "goal", "")
    for what, seconds, goal in rows:
        table.add_row(what, f"{seconds:.2f}", f"≤ {goal:g}", "" if seconds <= goal else "missed")
    Console().print(table)
    return 0 if all(seconds <= goal for _, seconds, goal in rows) else 1


def measure(clone: Project) -> list[tuple[str, float, float]]:
    """Each row: what, the seconds it took, the goal in seconds."""
    began = time.monotonic()
    subprocess.run(
        [shutil.which("uv") or "uv", "run", "--quiet", "invoke", "dev"],
        cwd=clone.root,
        env={key: value for key, value in clone.variables().items() if key != "VIRTUAL_ENV"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    first = time.monotonic() - began
    clone.ok("stop")
    ready, whole, second, stop = [], [], [], []
    for _ in range(RUNS):
        began = time.monotonic()
        ready.append(float(clone.ok("dev", "--json").json["ready_in"]))
        whole.append(time.monotonic() - began)
        second.append(_timed(clone, "dev"))
        stop.append(_timed(clone, "stop"))
    return [
        ("first ever: uv run invoke dev in a fresh clone", first, 15.0),
        ("dev, nothing running: processes started to all ready", statistics.median(ready), 3.0),
        ("the same, whole process", statistics.median(whole), 3.0),
        ("dev on a running stack", statistics.median(second), 1.5),
        ("stop", statistics.median(stop), 1.5),
    ]


def _timed(clone: Project, *arguments: str) -> float:
    began = time.monotonic()
    clone.ok(*arguments)
    return time.monotonic() - began


if __name__ == "__main__":
    os.environ.pop("COMPOSE_PROFILES", None)
    sys.exit(main())
