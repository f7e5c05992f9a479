"""What callers notice of a release: `uv run python -m bench.release`.

Needs a Docker Engine with the base images. 200 requests a second, one in four a POST, five event streams of 20 s and
two websockets, all the time. Beside `invoke prod` the same change by `docker compose up`, and in the way that scripts
do it, as docker-rollout does: twice the replicas, wait until they are healthy, stop the old ones.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import harness
from bench.figure import Figure
from tests.conftest import free_ports, remove_project, unique_name
from tests.engine.callers import Callers
from tests.engine.conftest import until
from tests.engine.test_release_traffic import Served, make, without_edge
from upready.runtime.docker.inspection import SERVICE
from upready.stack import compose

RATE = 200
FEW = 50
"""Requests a second that leave processors to the release: 200, with who sends them, take most of two."""

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
        peer: Whether it is what a user would do instead.
    """

    what: str
    callers: Callers
    seconds: float
    code: int = 0
    limit: float = 0.0
    gap: bool = False
    good: bool = True
    peer: bool = False

    @property
    def longest(self) -> float:
        """Seconds of the slowest request, or of the gap."""
        return self.callers.gap if self.gap else self.callers.longest

    @property
    def cut(self) -> int:
        """Streams and sockets that ended early."""
        return sum(self.callers.failed.values()) - self.callers.lost


def main() -> int:
    """Measure, print the table, and return 1 when a goal is missed."""
    return harness.run(__doc__, start)


def start(options: harness.Options) -> Iterator[Figure]:
    """All rows; those of ours that lose nothing stand beside what a user would do instead."""
    rows: list[Row] = []
    for make_it, measure_it in ((without_edge, measure_alone), (make, measure)):
        with tempfile.TemporaryDirectory() as folder:
            served = make_it(Path(folder), unique_name("bench"), free_ports()())
            try:
                served.project.ok("prod", env={"BOOT": BOOT})
                rows += measure_it(served, rows, options)
            finally:
                remove_project(served.project.name)
    others = [row for row in rows if row.peer]
    for row in rows:
        if not row.peer:
            yield from figures(row, others if row.what == "good release" else [])


def figures(row: Row, others: Sequence[Row]) -> Iterator[Figure]:
    """What callers noticed: lost requests, streams and sockets that were cut, sick answers, the longest wait."""
    how = "away for" if row.gap else "the longest answer"
    for what, unit, of in (
        ("requests lost", "requests", lambda each: each.callers.lost),
        ("streams and sockets cut", "cut", lambda each: each.cut),
        (how, "ms", lambda each: each.longest * 1000),
        ("the task", "s", lambda each: each.seconds),
    ):
        goal = row.limit * 1000 if what == how and row.limit else None
        yield Figure(f"{row.what}: {what}", unit, [of(row)], {each.what: [of(each)] for each in others}, goal=goal)
    wrong = int(not row.good)
    yield Figure(f"{row.what}: promises broken (exit code, sick answers, lost requests)", "", [wrong], goal=0)


def measure_alone(served: Served, _: list[Row], __: harness.Options) -> list[Row]:
    """A service that publishes its port itself: it is away while it is replaced."""
    row = released(served, "without an edge", {"VERSION": "two"}, sockets=0)
    (container,) = served.project.containers()
    assert container.started is not None
    start = row.callers.first["two"] - container.started.timestamp()
    print(f"its own start: {start:.2f} s", file=sys.stderr)
    row.limit, row.gap = start + MORE[row.what], True
    return [row]


def measure(served: Served, before: list[Row], options: harness.Options) -> list[Row]:
    """Behind the edge."""
    p99 = {rate: usually(served.url, rate) for rate in (FEW, RATE)}
    start = before[0].limit - MORE[before[0].what]
    rows = []

    def row(what: str, environment: dict[str, str], code: int, *words: str, rate: float = RATE) -> None:
        told = released(served, what if rate == RATE else f"{what}, {rate:g} a second", environment, *words, rate=rate)
        told.limit = start + MORE[what] if what in MORE else p99[rate] + ABOVE
        told.gap = what == "the edge itself"
        failed = 0 if told.gap else told.callers.lost if what in MORE else sum(told.callers.failed.values())
        told.good = told.code == code and not told.callers.versions["sick"] and not failed
        rows.append(told)

    row("good release", {"VERSION": "few"}, 0, rate=FEW)
    row("good release", {"VERSION": "two"}, 0)
    for how in ("exits",) if options.quick else ("exits", "hangs", "sick"):
        row(f"sick release: {how}", {"VERSION": "sick", "HOW": how}, 8)
    row("nothing changed", {"VERSION": "two"}, 0)
    row("stopped first, held", {"VERSION": "few", "ORDER": "stop-first"}, 0, rate=FEW)
    row("stopped first, held", {"VERSION": "three", "ORDER": "stop-first"}, 0)
    row("the edge itself", {"VERSION": "three", "FORWARDED_ALLOW_IPS": "192.0.2.1"}, 0, "--edge")
    for what, change in (("docker compose up", plainly), ("docker-rollout's way", doubled)):
        callers = calling(served.url)
        with callers:
            began = time.monotonic()
            change(served, {"BOOT": BOOT, "VERSION": what})
            seconds = time.monotonic() - began
            time.sleep(5)
        rows.append(Row(what, callers, seconds, peer=True))
    return rows


def released(
    served: Served, what: str, environment: dict[str, str], *words: str, sockets: int = 2, rate: float = RATE
) -> Row:
    """What callers notice of a release."""
    callers = calling(served.url, sockets, rate)
    with callers:
        time.sleep(1)
        began = time.monotonic()
        done = served.project.invoke("prod", *words, env={"BOOT": BOOT, **environment})
        seconds = time.monotonic() - began
        time.sleep(2)
    if done.code not in (0, 8):
        print(done.out, done.err, file=sys.stderr)
    return Row(what, callers, seconds, done.code)


def usually(url: str, rate: float) -> float:
    """Seconds in which 99 of 100 requests are answered while nothing is released."""
    callers = calling(url, rate=rate)
    with callers:
        time.sleep(10)
    p99 = sorted(callers.seconds)[int(len(callers.seconds) * 0.99)]
    print(f"p99 without a release, {rate} a second: {p99 * 1000:.0f} ms", file=sys.stderr)
    return p99


def calling(url: str, sockets: int = 2, rate: float = RATE) -> Callers:
    """As many callers as the issue asks for."""
    return Callers(url, rate, streams=5, sockets=sockets)


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
