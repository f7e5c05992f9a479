"""What a task costs before and beside its work: `uv run python -m bench.startup`.

Whole processes, each the median of several runs, next to what they are measured by. Needs a Docker Engine with the base
images; the tasks look at a clone of this project that runs under a name and ports of its own.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.conftest import free_ports, remove_project
from tests.engine.conftest import Project, make_clone
from upready.stack import compose

EMPTY = "from invoke import task\n\n\n@task\ndef nothing(c):\n    '''Do nothing.'''\n"

HEALTH_GOAL = 0.45
"""Seconds that `invoke health` may take on a running stack."""


def main() -> int:
    """Measure, print the table, and return 1 when the goal is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=10)
    runs = options.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty"
        empty.mkdir()
        (empty / "tasks.py").write_text(EMPTY, encoding="utf-8")
        clone = make_clone(Path(folder) / "clone", free_ports())
        try:
            clone.ok("dev")
            rows = measure(clone, empty, runs)
        finally:
            remove_project(clone.name)
    table = Table("what", "seconds", "next to", "seconds", "ratio")
    for what, seconds, other, reference in rows:
        table.add_row(what, f"{seconds:.3f}", other, f"{reference:.3f}", f"{seconds / reference:.2f}")
    Console(width=110).print(table)
    return 0 if {row[0]: row[1] for row in rows}["invoke health"] <= HEALTH_GOAL else 1


def measure(clone: Project, empty: Path, runs: int) -> list[tuple[str, float, str, float]]:
    """Each row: what, its seconds; what it is measured by, that one's seconds."""
    invoke = [sys.executable, "-m", "invoke"]
    files = ["-f", str(clone.root / "compose/base.yaml"), "-f", str(clone.root / "compose/dev.yaml")]
    clone_compose = [*compose.project_command(clone.name), "--project-directory", str(clone.root), *files]
    empty_list = timed([*invoke, "--list"], empty, None, runs)
    rows: list[tuple[str, Sequence[str], str, float]] = [
        ("invoke --list", [*invoke, "--list"], "the same, one empty task", empty_list),
        ("invoke health", [*invoke, "health"], "compose ps", timed([*clone_compose, "ps"], clone, runs=runs)),
        ("invoke health --json", [*invoke, "health", "--json"], "invoke --list, one empty task", empty_list),
        (
            "invoke status",
            [*invoke, "status"],
            "compose stats --no-stream",
            timed([*clone_compose, "stats", "--no-stream"], clone, runs=min(3, runs)),
        ),
        ("invoke diagnose", [*invoke, "diagnose"], "compose ps", timed([*clone_compose, "ps"], clone, runs=runs)),
        (
            "invoke dev, all running",
            [*invoke, "dev"],
            "compose up --build --detach --wait",
            timed([*clone_compose, "up", "--build", "--detach", "--wait"], clone, runs=min(3, runs)),
        ),
    ]
    # Compose alone knows nothing of the revision that `dev` stamps: its `up` may have made other containers.
    clone.ok("dev")
    return [(what, timed(line, clone, runs=runs), other, reference) for what, line, other, reference in rows]


def timed(line: Sequence[str], where: Project | Path, env: Mapping[str, str] | None = None, runs: int = 10) -> float:
    """The median of the seconds that a command takes."""
    folder = where.root if isinstance(where, Project) else where
    variables = where.variables(env) if isinstance(where, Project) else env
    seconds = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        done = subprocess.run(
            line,
            cwd=folder,
            env=variables,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            check=False,
        )
        seconds.append(time.perf_counter() - began)
        if done.returncode:
            raise SystemExit(f"{' '.join(line)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    # The first one fills caches.
    return statistics.median(seconds[1:])


if __name__ == "__main__":
    sys.exit(main())
