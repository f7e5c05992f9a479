"""How long a launch takes, on a clone with a name and ports of its own: `uv run python -m bench.launch`.

Needs a Docker Engine with the base images. Each figure is the median of several runs of the whole `invoke` process.
Beside it, in turn, runs what a user would type instead: `docker compose up --build --detach --wait` on the same files.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.conftest import free_ports, remove_project
from tests.engine.conftest import Project, make_clone
from upready.stack import compose

RUNS = 5


def main() -> int:
    """Measure, print the table, and return 1 when a goal is missed."""
    with tempfile.TemporaryDirectory() as folder:
        clone = make_clone(Path(folder) / "clone", free_ports())
        try:
            rows = measure(clone)
        finally:
            remove_project(clone.name)
    table = Table("what", "measured", "goal", "")
    for what, measured, goal, unit in rows:
        table.add_row(what, f"{measured:.2f} {unit}", f"≤ {goal:g}", "" if measured <= goal else "missed")
    Console().print(table)
    return 0 if all(measured <= goal for _, measured, goal, _ in rows) else 1


def measure(clone: Project) -> list[tuple[str, float, float, str]]:
    """Each row: what, the median, the goal, and the unit of both: seconds, or times what compose takes."""
    clone.ok("env.init")
    for environment in ("dev", "prod"):
        clone.ok("build", "--env", environment)
    whole, second, stop = [], [], []
    plain_whole, plain_second = [], []
    for _ in range(RUNS):
        whole.append(_timed(clone, "dev"))
        second.append(_timed(clone, "dev"))
        stop.append(_timed(clone, "stop"))
        plain_whole.append(_plainly(clone, "up", "--build", "--detach", "--wait"))
        plain_second.append(_plainly(clone, "up", "--build", "--detach", "--wait"))
        _plainly(clone, "down")
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
        ("dev, images built, nothing running", statistics.median(whole), 5.0, "s"),
        ("the same, beside compose", _ratio(whole, plain_whole), 1.1, f"x {statistics.median(plain_whole):.2f} s"),
        ("dev on a running stack", statistics.median(second), 1.5, "s"),
        ("the same, beside compose", _ratio(second, plain_second), 1.0, f"x {statistics.median(plain_second):.2f} s"),
        *(
            (f"build for {environment} after an edit of {path}", statistics.median(took), 3.0, "s")
            for (path, environment), took in rebuild.items()
        ),
        ("stop", statistics.median(stop), 3.0, "s"),
    ]


def _ratio(ours: list[float], theirs: list[float]) -> float:
    """How many times as long ours takes: the median of the pairs."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def _timed(clone: Project, *arguments: str) -> float:
    began = time.monotonic()
    clone.ok(*arguments)
    return time.monotonic() - began


def _plainly(clone: Project, *arguments: str) -> float:
    """Seconds of plain compose with the files, the folder and the profile that `invoke dev` uses."""
    files = ["--file", "compose/base.yaml", "--file", "compose/dev.yaml"]
    line = [*compose.program().command, "--project-directory", ".", *files, "--profile", "full-stack", *arguments]
    began = time.monotonic()
    subprocess.run(line, cwd=clone.root, env=clone.variables(), capture_output=True, check=True)
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
