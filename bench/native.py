"""How long a launch takes without an engine, on a clone of its own: `uv run python -m bench.native`.

The first row is all that a new user waits for, `uv run invoke dev` in a fresh clone: an environment, Node's packages, a
database. Packages come from the caches of uv, npm and pnpm as far as these have them. The other rows are medians of
several runs of the whole `invoke` process.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import harness
from bench.figure import Figure
from tests.conftest import free_ports
from tests.engine.conftest import Project, make_clone

RUNS = 3
NO_ENGINE = "unix:///nonexistent.sock"


def main() -> int:
    """Measure, print the table, and return 1 when a goal is missed."""
    return harness.run(__doc__, start)


def start(options: harness.Options) -> Iterator[Figure]:
    """Make a clone, and measure it."""
    with tempfile.TemporaryDirectory() as folder:
        clone = make_clone(Path(folder) / "clone", free_ports())
        clone.environment["DOCKER_HOST"] = NO_ENGINE
        try:
            yield from measure(clone, 1 if options.quick else RUNS)
        finally:
            clone.invoke("stop")


def measure(clone: Project, runs: int) -> Iterator[Figure]:
    """The first launch, and those after it."""
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
    for _ in range(runs):
        began = time.monotonic()
        ready.append(float(clone.ok("dev", "--json").json["ready_in"]))
        whole.append(time.monotonic() - began)
        second.append(_timed(clone, "dev"))
        stop.append(_timed(clone, "stop"))
    yield Figure("first ever: uv run invoke dev in a fresh clone", "s", [first], goal=15.0)
    yield Figure("dev, nothing running: processes started to all ready", "s", ready, goal=3.0)
    yield Figure("the same, whole process", "s", whole, goal=3.0)
    yield Figure("dev on a running stack", "s", second, goal=1.5)
    yield Figure("stop", "s", stop, goal=1.5)


def _timed(clone: Project, *arguments: str) -> float:
    began = time.monotonic()
    clone.ok(*arguments)
    return time.monotonic() - began


if __name__ == "__main__":
    os.environ.pop("COMPOSE_PROFILES", None)
    sys.exit(main())
