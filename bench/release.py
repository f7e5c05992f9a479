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
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.conftest import free_ports, remove_project, unique_name
from tests.engine.callers import Callers
from tests.engine.conftest import until
from tests.engine.test_release_traffic import Served, make, without_edge
from upready.runtime.docker.inspection import SERVICE
from upready.stack import compose

RATE = 200
BOOT = "3"
ABOVE = 0.1
"""Seconds that an answer may take longer than usual in a release that loses nothing."""

MORE = {"without an edge": 0.5, "stopped first, held": 1.5, "the edge itself": 3.0}
"""Seconds that a gap may last beyond the start of what is stopped first."""


@dataclass
class Row:
    """One line of the table.

    Attributes:
        what: What happened meanwhile.
        callers: What they noticed.
        seconds: How long the task took.
        code: Its exit code.
        limit: Seconds that the slowest request, or the gap, may take; none where nothing is promised.
        gap: Whether it is the gap that counts: requests are lost in it.
        good: Whether all else is as promised.
    """

    what: str
    callers: Callers
    seconds: float
    code: int = 0
    limit: float = 0.0
    gap: bool = False
    good: bool = True

    @property
    def longest(self) -> float:
        """Seconds of the slowest request, or of the gap."""
        return self.callers.gap if self.gap else self.callers.longest

    @property
    def missed(self) -> bool:
        """Whether a promise was not kept."""
        return not self.good or (self.limit > 0 and self.longest > self.limit)

    def cells(self) -> list[str]:
        """The line as it is printed."""
        cut = sum(self.callers.failed.values()) - self.callers.lost
        told = (self.callers.lost, len(self.callers.seconds), cut, self.callers.versions["sick"])
        longest = f"{self.longest * 1000:.0f}{' away' if self.gap else ''}"
        limit = f"{self.limit * 1000:.0f}" if self.limit else ""
        return [self.what, *map(str, told), longest, limit, f"{self.seconds:.1f}", str(self.code)]


def main() -> int:
    """Measure, print the table, and return 1 when a goal is missed."""
    rows = []
    for make_it, measure_it in ((without_edge, measure_alone), (make, measure)):
        with tempfile.TemporaryDirectory() as folder:
            served = make_it(Path(folder), unique_name("bench"), free_ports()())
            try:
                served.project.ok("prod", env={"BOOT": BOOT})
                rows += measure_it(served, rows)
            finally:
                remove_project(served.project.name)
    table = Table("what", "lost", "of", "cut", "sick", "longest ms", "at most", "task s", "code", "")
    for row in rows:
        table.add_row(*row.cells(), "missed" if row.missed else "")
    Console(width=120).print(table)
    return int(any(row.missed for row in rows))


def measure_alone(served: Served, _: list[Row]) -> list[Row]:
    """A service that publishes its port itself: it is away while it is replaced."""
    row = released(served, "without an edge", {"VERSION": "two"}, sockets=0)
    (container,) = served.project.containers()
    assert container.started is not None
    start = row.callers.first["two"] - container.started.timestamp()
    print(f"its own start: {start:.2f} s")
    row.limit, row.gap = start + MORE[row.what], True
    return [row]


def measure(served: Served, before: list[Row]) -> list[Row]:
    """Behind the edge."""
    usual = calling(served.url)
    with usual:
        time.sleep(10)
    p99 = sorted(usual.seconds)[int(len(usual.seconds) * 0.99)]
    print(f"p99 without a release: {p99 * 1000:.0f} ms")
    start = before[0].limit - MORE[before[0].what]
    rows = []

    def row(what: str, environment: dict[str, str], code: int, *words: str) -> None:
        told = released(served, what, environment, *words)
        told.limit = start + MORE[what] if what in MORE else p99 + ABOVE
        told.gap = what == "the edge itself"
        failed = 0 if told.gap else told.callers.lost if what in MORE else sum(told.callers.failed.values())
        told.good = told.code == code and not told.callers.versions["sick"] and not failed
        rows.append(told)

    row("good release", {"VERSION": "two"}, 0)
    for how in ("exits", "hangs", "sick"):
        row(f"sick release: {how}", {"VERSION": "sick", "HOW": how}, 8)
    row("nothing changed", {"VERSION": "two"}, 0)
    row("stopped first, held", {"VERSION": "three", "ORDER": "stop-first"}, 0)
    row("the edge itself", {"VERSION": "three", "FORWARDED_ALLOW_IPS": "192.0.2.1"}, 0, "--edge")
    for what, change in (("docker compose up", plainly), ("twice as many, then stop", doubled)):
        callers = calling(served.url)
        with callers:
            began = time.monotonic()
            change(served, {"BOOT": BOOT, "VERSION": what})
            seconds = time.monotonic() - began
            time.sleep(5)
        rows.append(Row(what, callers, seconds))
    return rows


def released(served: Served, what: str, environment: dict[str, str], *words: str, sockets: int = 2) -> Row:
    """What callers notice of a release."""
    callers = calling(served.url, sockets)
    with callers:
        time.sleep(1)
        began = time.monotonic()
        done = served.project.invoke("prod", *words, env={"BOOT": BOOT, **environment})
        seconds = time.monotonic() - began
        time.sleep(2)
    if done.code not in (0, 8):
        print(done.out, done.err)
    return Row(what, callers, seconds, done.code)


def calling(url: str, sockets: int = 2) -> Callers:
    """As many callers as the issue asks for."""
    return Callers(url, RATE, streams=5, sockets=sockets)


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
