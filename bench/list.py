"""How long `invoke --list` takes, against the same with an empty tasks.py: `uv run python -m bench.list`.

Each run is a process of its own, in turn, so that all meet the same machine. Three tasks in Nautobot's style stand
beside, and as many tasks as ours with as many options, which do nothing and import nothing: what invoke itself takes
for so many.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import harness
from bench.figure import Figure

LIMIT = 1.1
ROOT = Path(__file__).resolve().parent.parent

TASKS, OPTIONS = 39, 6
"""The tasks of this project, and their options on average."""


def main() -> int:
    """Print the table; 0 when ours is within the limit."""
    return harness.run(__doc__, measure)


def measure(options: harness.Options) -> Iterator[Figure]:
    """Seconds of each run."""
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryDirectory() as many:
        Path(empty, "tasks.py").touch()
        Path(many, "tasks.py").write_text(so_many_tasks(), encoding="utf-8")
        folders = {
            "ours": ROOT,
            "an empty tasks.py": Path(empty),
            "as many tasks that do nothing": Path(many),
            "Nautobot's style": ROOT / "bench/peers/nautobot",
        }
        ways = {name: lister(folder) for name, folder in folders.items()}
        found = harness.in_turn(ways, 3 if options.quick else 20)
    yield harness.ours("invoke --list", "s", found, ratio_goal=LIMIT)


def so_many_tasks() -> str:
    """A tasks.py with as many tasks and options as ours."""
    options = "".join(f", option_{number}=''" for number in range(OPTIONS))
    tasks = (f'@task\ndef task_{number}(c{options}):\n    """Do nothing."""\n' for number in range(TASKS))
    return "\n\n".join(["from invoke import task", *tasks])


def lister(folder: Path) -> Callable[[], float]:
    """What measures one run in a folder."""
    line = [sys.executable, "-m", "invoke", "--list"]
    # An empty tasks.py is told on stderr with exit code 1, after all that is measured.
    return lambda: harness.seconds(line, folder, {**os.environ, "PYTHONPATH": str(ROOT)}, codes=(0, 1))


if __name__ == "__main__":
    sys.exit(main())
