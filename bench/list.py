"""How long `invoke --list` takes, against the same with an empty tasks.py: `uv run python -m bench.list`.

Each run is a process of its own, the two in turn, so that both meet the same machine.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 20
LIMIT = 1.1
ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Print the table; 0 when ours is within the limit."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "tasks.py").touch()
        empty, ours = measure(Path(folder), ROOT)
    ratio = statistics.median(ours) / statistics.median(empty)
    print(f"{RUNS} runs each, ms     median     best")
    for name, runs in (("empty tasks.py", empty), ("this project", ours)):
        print(f"{name:19} {statistics.median(runs) * 1000:8.0f} {min(runs) * 1000:8.0f}")
    print(f"{'ratio':19} {ratio:8.2f} {min(ours) / min(empty):8.2f}   goal: at most {LIMIT}")
    return 0 if ratio <= LIMIT else 1


def measure(*folders: Path) -> list[list[float]]:
    """Seconds of each run, by folder; the first run of each only fills the caches."""
    runs: list[list[float]] = [[] for _ in folders]
    for _ in range(RUNS + 1):
        for folder, taken in zip(folders, runs, strict=True):
            began = time.perf_counter()
            # An empty tasks.py is told on stderr with exit code 1, after all that is measured.
            subprocess.run([sys.executable, "-m", "invoke", "--list"], cwd=folder, capture_output=True, check=False)
            taken.append(time.perf_counter() - began)
    return [taken[1:] for taken in runs]


if __name__ == "__main__":
    sys.exit(main())
