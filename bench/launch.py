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

RUNS = 3


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
    clone.ok("dev")
    clone.ok("stop")
    ready, whole, second, stop, rebuild = [], [], [], [], []
    source = clone.root / "app" / "main.py"
    for run in range(RUNS):
        began = time.monotonic()
        ready.append(float(clone.ok("dev", "--json").json["ready_in"]))
        whole.append(time.monotonic() - began)
        second.append(_timed(clone, "dev"))
        source.write_text(source.read_text("utf-8") + f"\n# edited {run}\n", encoding="utf-8")
        rebuild.append(_timed(clone, "build"))
        stop.append(_timed(clone, "stop"))
    return [
        ("dev, images built, nothing running: containers started to all ready", statistics.median(ready), 5.0),
        ("the same, whole process", statistics.median(whole), 7.0),
        ("dev on a running stack", statistics.median(second), 1.5),
        ("build after an edit of app/", statistics.median(rebuild), 3.0),
        ("stop", statistics.median(stop), 3.0),
    ]


def _timed(clone: Project, *arguments: str) -> float:
    began = time.monotonic()
    clone.ok(*arguments)
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
