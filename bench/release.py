"""What callers notice of a release: `uv run python -m bench.release`.

Needs a Docker Engine with the base images. 200 requests a second, one in four a POST, five event streams of 20 s and
two websockets, all the time. Beside `invoke prod` the same change by `docker compose up`, and in the way that scripts
do it: twice the replicas, wait until they are healthy, stop the old ones.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.conftest import free_ports, remove_project, unique_name
from tests.engine.callers import Callers
from tests.engine.conftest import until
from tests.engine.test_release_traffic import Served, make
from upready.runtime.docker.inspection import SERVICE
from upready.stack import compose

RATE = 200
BOOT = "3"


def main() -> int:
    """Measure, print the table, and return 1 when a goal is missed."""
    with tempfile.TemporaryDirectory() as folder:
        served = make(Path(folder), unique_name("bench"), free_ports()())
        try:
            served.project.ok("prod", env={"BOOT": BOOT})
            rows = measure(served)
        finally:
            remove_project(served.project.name)
    table = Table("what", "lost", "of", "cut", "sick", "longest", "p99", "task s", "code", "")
    missed = False
    for what, callers, usual, seconds, code, good in rows:
        missed |= not good
        cut = sum(callers.failed.values()) - callers.lost
        told = (callers.lost, len(callers.seconds), cut, callers.versions["sick"])
        times = (f"{callers.longest * 1000:.0f}", f"{usual * 1000:.0f}", f"{seconds:.1f}")
        table.add_row(what, *map(str, told), *times, str(code), "" if good else "missed")
    Console().print(table)
    return int(missed)


Row = tuple[str, Callers, float, float, int, bool]


def measure(served: Served) -> list[Row]:
    """Each row: what, the callers, the usual 99th percentile, the task's seconds, its exit code, whether it is good."""
    usual = calling(served.url)
    with usual:
        time.sleep(10)
    p99 = sorted(usual.seconds)[int(len(usual.seconds) * 0.99)]
    rows: list[Row] = []

    def row(what: str, environment: dict[str, str], code: int, longest: float) -> None:
        callers = calling(served.url)
        with callers:
            began = time.monotonic()
            done = served.project.invoke("prod", env={"BOOT": BOOT, **environment})
            seconds = time.monotonic() - began
            time.sleep(2)
        held = "ORDER" in environment  # what is stopped first cuts its streams
        good = done.code == code and not callers.versions["sick"] and not (callers.lost if held else callers.failed)
        rows.append((what, callers, p99, seconds, done.code, good and callers.longest <= longest))

    row("good release", {"VERSION": "two"}, 0, p99 + 0.1)
    for how in ("exits", "hangs", "sick"):
        row(f"sick release: {how}", {"VERSION": "sick", "HOW": how}, 8, p99 + 0.1)
    row("nothing changed", {"VERSION": "two"}, 0, p99 + 0.1)
    row("stop-first, held", {"VERSION": "three", "ORDER": "stop-first"}, 0, 30)
    for what, change in (("docker compose up", plainly), ("twice as many, then stop", doubled)):
        callers = calling(served.url)
        with callers:
            began = time.monotonic()
            change(served, {"BOOT": BOOT, "VERSION": what})
            seconds = time.monotonic() - began
            time.sleep(5)
        rows.append((what, callers, p99, seconds, 0, True))
    return rows


def calling(url: str) -> Callers:
    """As many callers as the issue asks for."""
    return Callers(url, RATE, streams=5, sockets=2)


def plainly(served: Served, environment: dict[str, str], *more: str) -> None:
    """Let compose do it, with the edge sent to the service's name."""
    by_name(served)
    _compose(served, environment, "up", "--detach", "--wait", *more)


def doubled(served: Served, environment: dict[str, str]) -> None:
    """Twice the replicas, wait until they are healthy, stop the old ones."""
    by_name(served)
    old = [each.id for each in served.project.containers() if each.service == "ai-service"]
    scale = ("--no-deps", "--no-recreate", "--scale", f"ai-service={2 * len(old)}", "ai-service")
    _compose(served, environment, "up", "--detach", *scale)
    until(lambda: all(each.health == "healthy" for each in served.project.containers()), 60)
    subprocess.run(["docker", "rm", "--force", *old], check=True, capture_output=True)


def by_name(served: Served) -> None:
    """As an edge that knows nothing of releases."""
    listed = ["docker", "ps", "--quiet", "--filter", f"label={SERVICE}=edge", "--filter", f"name={served.project.name}"]
    container = subprocess.run(listed, check=True, capture_output=True, text=True).stdout.strip()
    write = "cd /var/tmp/edge/ai-service && for n in 1 2 3 4 5 6; do printf ai-service >$n; done"
    subprocess.run(["docker", "exec", container, "sh", "-c", write], check=True)


def _compose(served: Served, environment: dict[str, str], *words: str) -> None:
    line = [*compose.program().command, "--profile", "full-stack", *words]
    variables = served.project.variables(environment)
    subprocess.run(line, cwd=served.project.root, env=variables, check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
