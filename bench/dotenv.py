"""How long `invoke env.check` takes, as a whole process: `uv run python -m bench.dotenv`.

Two projects, each with a schema, a compose file and a `.env`, of 5 and of 500 variables, in turn. Needs no engine.
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

ROOT = Path(__file__).resolve().parent.parent
SIZES = (5, 500)
RUNS = 15
GOAL_RATIO = 1.2
GOAL_SECONDS = 0.4


def main() -> int:
    """Measure, print the table, and return 1 when a goal is missed."""
    with tempfile.TemporaryDirectory() as folder:
        projects = {size: write_project(Path(folder) / str(size), size) for size in SIZES}
        took: dict[int, list[float]] = {size: [] for size in SIZES}
        for run in range(RUNS + 1):
            for size, project in projects.items():
                seconds = check(project)
                # The first run of each compiles and fills the caches.
                if run:
                    took[size].append(seconds)
    small, large = (took[size] for size in SIZES)
    # The quickest runs: what others do on the machine at the same time only ever adds.
    ratio = min(large) / min(small)
    table = Table("variables", "quickest", "median", "goal")
    for size, seconds in took.items():
        table.add_row(
            str(size), f"{min(seconds) * 1000:.0f} ms", f"{statistics.median(seconds) * 1000:.0f} ms", "≤ 400 ms"
        )
    table.add_row("ratio", f"{ratio:.2f}", f"{statistics.median(large) / statistics.median(small):.2f}", "≤ 1.2")
    Console().print(table)
    return 0 if ratio <= GOAL_RATIO and min(large) <= GOAL_SECONDS else 1


def write_project(folder: Path, size: int) -> Path:
    """A project of that many variables, all declared, typed, used and set."""
    folder.mkdir()
    names = [f"VARIABLE_{number}" for number in range(size)]
    shutil.copy(ROOT / "tasks.py", folder)
    (folder / "invoke.yaml").write_text("ops: {environments: {dev: {files: [compose.yaml]}}}\n", encoding="utf-8")
    used = "".join(f"      {name}: ${{{name}:-none}}\n" for name in names)
    (folder / "compose.yaml").write_text(
        f"services:\n  app:\n    image: app\n    environment:\n{used}", encoding="utf-8"
    )
    schema = "".join(f"# What {name} is for.\n# @type=string(minLength=1)\n{name}=default\n\n" for name in names)
    (folder / ".env.example").write_text(schema, encoding="utf-8")
    (folder / ".env").write_text("".join(f"{name}='value of {name}'\n" for name in names), encoding="utf-8")
    (folder / ".env").chmod(0o600)
    return folder


def check(project: Path) -> float:
    """Seconds that one `invoke env.check` takes there."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "invoke", "env.check"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return seconds


if __name__ == "__main__":
    sys.exit(main())
