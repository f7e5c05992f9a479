"""What a task costs before and beside its work: `uv run python -m bench.startup`.

Whole processes, each the median of several runs, next to what they are measured by. Needs a Docker Engine with the base
images; the tasks look at a clone of this project that runs under a name and ports of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench import harness
from bench.figure import Figure
from tests.conftest import free_ports, remove_project
from tests.engine.conftest import Project, make_clone
from upready.stack import compose

ROOT = Path(__file__).resolve().parent.parent

EMPTY = "from invoke import task\n\n\n@task\ndef nothing(c):\n    '''Do nothing.'''\n"

HEALTH_GOAL = 0.45
"""Seconds that `invoke health` may take on a running stack."""


def main() -> int:
    """Measure, print the table, and return 1 when the goal is missed."""
    return harness.run(__doc__, start, options)


def options(parser: argparse.ArgumentParser) -> None:
    """The option of this module."""
    parser.add_argument("--runs", type=int, default=10)


def start(options: harness.Options) -> Iterator[Figure]:
    """Start a clone, and measure it."""
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty"
        empty.mkdir()
        (empty / "tasks.py").write_text(EMPTY, encoding="utf-8")
        clone = make_clone(Path(folder) / "clone", free_ports())
        try:
            clone.ok("dev")
            yield from measure(clone, empty, 2 if options.quick else options.runs)
        finally:
            remove_project(clone.name)


def measure(clone: Project, empty: Path, runs: int) -> Iterator[Figure]:
    """Each task, in turn with what it is measured by."""
    files = ["-f", str(clone.root / "compose/base.yaml"), "-f", str(clone.root / "compose/dev.yaml")]
    compose_ = [*compose.project_command(clone.name), "--project-directory", str(clone.root), *files]
    few = min(3, runs)

    def beside(task: str, name: str, other: Sequence[str], runs: int, **more: Any) -> Figure:
        """A task of the clone, and a command."""
        where, variables = (empty, None) if "empty task" in name else (clone.root, clone.variables())
        ways = {
            "ours": lambda: harness.seconds(clone.command(*task.split()), clone.root, clone.variables()),
            name: lambda: harness.seconds(other, where, variables),
        }
        return harness.ours(f"invoke {task}", "s", harness.in_turn(ways, runs), **more)

    nothing = [sys.executable, "-m", "invoke", "--list"]
    yield beside("--list", "the same, one empty task", nothing, runs)
    yield beside("health", "compose ps", [*compose_, "ps"], runs, goal=HEALTH_GOAL)
    yield beside("health --json", "invoke --list, one empty task", nothing, runs, own=True)
    yield by_hand(clone, runs)
    yield beside("status", "compose stats --no-stream", [*compose_, "stats", "--no-stream"], few)
    yield beside("diagnose", "compose ps", [*compose_, "ps"], runs)
    # Each would make the other's containers anew: compose alone knows nothing of the revision that `dev` stamps.
    ours = [harness.seconds(clone.command("dev"), clone.root, clone.variables()) for _ in range(few + 1)][1:]
    up = [*compose_, "up", "--build", "--detach", "--wait"]
    theirs = [harness.seconds(up, clone.root, clone.variables()) for _ in range(few + 1)][1:]
    yield Figure("invoke dev, all running", "s", ours, {"compose up --build --detach --wait": theirs})


def by_hand(clone: Project, runs: int) -> Figure:
    """`health --json`, in turn with a task that only asks the engine for each container, and the API once."""
    url = f"http://127.0.0.1:{clone.variables()['API_PORT']}/health/live"
    variables = {**os.environ, "PROJECT": clone.name, "URL": url, "PYTHONPATH": str(ROOT)}
    task = [sys.executable, "-m", "invoke", "--search-root", str(ROOT / "bench/peers/by_hand"), "health"]
    ways = {
        "ours": lambda: harness.seconds(clone.command("health", "--json"), clone.root, clone.variables()),
        "the Docker SDK in a task of a few lines": lambda: harness.seconds(task, clone.root, variables),
    }
    return harness.ours("invoke health --json", "s", harness.in_turn(ways, runs), own=True)


if __name__ == "__main__":
    sys.exit(main())
