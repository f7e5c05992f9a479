"""How long a launch takes, on a clone with a name and ports of its own: `uv run python -m bench.launch`.

Needs a Docker Engine with the base images. Each figure is the median of several runs of the whole `invoke` process.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.conftest import free_ports, remove_project
from tests.engine.conftest import Project, make_clone

RUNS = 5


def main() -> int:
    """Measure, print the table, and return 1 when a goal is missed."""
    with tempfile.TemporaryDirectory() as folder:
        clone = make_clone(Path(folder) / "clone", free_ports())
        try:
            rows = measure(clone)
        finally:
            remove_project(clone.name)
    table = Table("what", "seconds", "goal", "")
    for what, seconds, goal in rows:
        table.add_row(what, f"{seconds:.2f}", f"≤ {goal:g}", "" if seconds <= goal else "missed")
    Console().print(table)
    return 0 if all(seconds <= goal for _, seconds, goal in rows) else 1


def measure(clone: Project) -> list[tuple[str, float, float]]:
    """Each row: what, the median in seconds, the goal in seconds."""
    clone.ok("env.init")
    for environment in ("dev", "prod"):
        clone.ok("build", "--env", environment)
    whole, second, stop = [], [], []
    for _ in range(RUNS):
        whole.append(_timed(clone, "dev"))
        second.append(_timed(clone, "dev"))
        stop.append(_timed(clone, "stop"))
    rebuild: dict[tuple[str, str], list[float]] = {}
    for run in range(RUNS):
        for path, comment in (("app/main.py", "#"), ("docker/mcp-server/src/router.mjs", "//")):
            for environment in ("prod", "dev"):
                source = clone.root / path
                edited = f"{source.read_text('utf-8')}\n{comment} edited {run} {environment} {time.time()}\n"
                source.write_text(edited, encoding="utf-8")
                took = _timed(clone, "build", "--env", environment)
                rebuild.setdefault((path, environment), []).append(took)
    return [
        ("dev, images built, nothing running", statistics.median(whole), 5.0),
        ("dev on a running stack", statistics.median(second), 1.5),
        *(
            (f"build for {environment} after an edit of {path}", statistics.median(took), 3.0)
            for (path, environment), took in rebuild.items()
        ),
        ("stop", statistics.median(stop), 3.0),
    ]


def _timed(clone: Project, *arguments: str) -> float:
    began = time.monotonic()
    clone.ok(*arguments)
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
