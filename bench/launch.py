"""How long a launch takes, on a clone with a name and ports of its own: `uv run python -m bench.launch`.

Needs a Docker Engine with the base images. Each figure is the median of several runs of the whole `invoke` process.
Beside it, in turn, runs what a user would type instead: `docker compose up --build --detach --wait` on the same files.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import harness
from bench.figure import Figure
from tests.conftest import free_ports, remove_project
from tests.engine.conftest import Project, make_clone
from upready.stack import compose

RUNS = 5


def main() -> int:
    """Measure, print the table, and return 1 when a goal is missed."""
    return harness.run(__doc__, start)


def start(options: harness.Options) -> Iterator[Figure]:
    """Make a clone, and measure it."""
    with tempfile.TemporaryDirectory() as folder:
        clone = make_clone(Path(folder) / "clone", free_ports())
        try:
            yield from measure(clone, 1 if options.quick else RUNS)
        finally:
            remove_project(clone.name)


def measure(clone: Project, runs: int) -> Iterator[Figure]:
    """Launches, builds and stops; the others are made in turn with ours."""
    clone.ok("env.init")
    for environment in ("dev", "prod"):
        clone.ok("build", "--env", environment)
    whole, second, stop = [], [], []
    plain_whole, plain_second, plain_stop = [], [], []
    for _ in range(runs):
        whole.append(_timed(clone, "dev"))
        second.append(_timed(clone, "dev"))
        stop.append(_timed(clone, "stop"))
        plain_whole.append(_plainly(clone, "up", "--build", "--detach", "--wait"))
        plain_second.append(_plainly(clone, "up", "--build", "--detach", "--wait"))
        plain_stop.append(_plainly(clone, "down"))
    up = "compose up --build --detach --wait"
    yield Figure("dev, images built, nothing running", "s", whole, {up: plain_whole}, goal=5.0, ratio_goal=1.1)
    yield Figure("dev on a running stack", "s", second, {up: plain_second}, goal=1.5, ratio_goal=1.0)
    yield Figure("stop", "s", stop, {"compose down": plain_stop}, goal=3.0)
    for path, comment in (("app/main.py", "#"), ("docker/mcp-server/src/router.mjs", "//")):
        for environment in ("prod", "dev"):
            took = [_edited(clone, path, f"{comment} edited {run} {environment}", environment) for run in range(runs)]
            yield Figure(f"build for {environment} after an edit of {path}", "s", took, goal=3.0)


def _edited(clone: Project, path: str, comment: str, environment: str) -> float:
    """Seconds of a build after a line was added to a file."""
    source = clone.root / path
    source.write_text(f"{source.read_text('utf-8')}\n{comment} {time.time()}\n", encoding="utf-8")
    return _timed(clone, "build", "--env", environment)


def _timed(clone: Project, *arguments: str) -> float:
    return harness.seconds(clone.command(*arguments), clone.root, clone.variables())


def _plainly(clone: Project, *arguments: str) -> float:
    """Seconds of plain compose with the files, the folder and the profile that `invoke dev` uses."""
    files = ["--file", "compose/base.yaml", "--file", "compose/dev.yaml"]
    line = [*compose.program().command, "--project-directory", ".", *files, "--profile", "full-stack", *arguments]
    return harness.seconds(line, clone.root, clone.variables())


if __name__ == "__main__":
    sys.exit(main())
