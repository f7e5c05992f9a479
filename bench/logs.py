"""How fast logs are shown, how soon a line is, and what it costs: `invoke logs` beside `docker compose logs`.

Four services write 100,000 numbered lines each. Both programs then show all of them, in turn, as whole processes whose
output is a file; each line's number must be the next one of its service. The same four are followed while all of them
are restarted in the middle, and what was followed must be what the engine has. Then a service writes the time twenty
times a second, and the lag is the time from there to where a reader of `invoke logs --follow` has the line.

Exit code 1 when a goal is missed.

    python -m bench.logs [--lines 100000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import itertools
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil
import yaml

import docker

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ("api", "cache", "jobs", "search")
IMAGE = os.environ.get("PYTHON_IMAGE", "python:3.13-slim")

PLAIN = (
    "print('{name}', i, 'GET /items/42 answered 200 after 3 ms; as long as lines of a log are, about 100 characters')"
)
STRUCTURED = (
    "print(json.dumps({{'time': '2026-11-29T10:00:00.000+00:00', 'level': 'info', 'logger': 'app', "
    "'message': '{name} %d' % i, 'path': '/items/42', 'status': 200}}))"
)
MEMORY_GOAL = 150.0
"""Megabytes that showing or following may take at most."""

LAG_GOAL = 20.0
"""Milliseconds that a followed line may be late, in the median."""

LONGEST = 300.0
"""Seconds after which the followed services are given up."""

_NUMBERED = re.compile(rb"\b(%b) (\d+)\b" % "|".join(SERVICES).encode())

CLOCK = "import time\nwhile True:\n    print(repr(time.time()), flush=True); time.sleep(.05)"


@dataclass(frozen=True)
class Run:
    """What one process took: seconds, seconds of CPU, and the most memory in bytes."""

    seconds: float
    cpu: float
    memory: int


def main() -> int:
    """Measure, print the tables, and return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description="Measure invoke logs beside docker compose logs.")
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    compose = shutil.which("docker-compose", path=str(Path(sys.executable).parent))
    if compose is None:
        sys.exit("docker-compose is missing: uv sync")
    missed: list[str] = []
    for label, line in (("text", PLAIN), ("JSON", STRUCTURED)):
        with Project(compose, programs(line, options.lines)) as project:
            project.wait()
            missed += throughput(project, label, options.lines, options.rounds)
    with Project(compose, programs(PLAIN, options.lines, seconds=10)) as project:
        missed += restart(project, options.lines)
    with Project(compose, {"clock": CLOCK}) as project:
        missed += lag(project)
    for each in missed:
        print(f"missed: {each}")
    return 1 if missed else 0


def programs(line: str, count: int, seconds: float = 0) -> dict[str, str]:
    """The code of each service: so many numbered lines, at once, or within so many seconds and then no end."""
    # Line by line, lest one be torn apart by the restart.
    whole = f"sys.stdout.reconfigure(line_buffering={seconds > 0})"
    code = f"import json, sys, time\n{whole}\nfor i in range({{count}}):\n    {line}\n"
    if seconds:
        code += f"    if i % 500 == 499: time.sleep({seconds * 500 / count})\ntime.sleep(600)"
    return {name: code.format(count=count, name=name) for name in SERVICES}


class Project:
    """A throw-away compose project, with our tasks beside it."""

    def __init__(self, compose: str, services: dict[str, str]) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="bench-logs-"))
        self.name = f"bench-logs-{uuid.uuid4().hex[:8]}"
        content = {
            name: {"image": IMAGE, "init": True, "command": ["python", "-c", code.replace("$", "$$")]}
            for name, code in services.items()
        }
        (self.root / "compose.yaml").write_text(yaml.safe_dump({"services": content}), encoding="utf-8")
        (self.root / "tasks.py").write_text("from upready.tasks import ns\n", encoding="utf-8")
        self.theirs = [compose, "-p", self.name, "logs", "--no-color"]
        self.ours = [sys.executable, "-m", "invoke", "logs", "--tail", "all"]
        self._client = docker.from_env()
        self._compose = [compose, "-p", self.name, "-f", str(self.root / "compose.yaml")]

    def __enter__(self) -> Project:
        subprocess.run([*self._compose, "up", "-d", "--pull", "never"], check=True, capture_output=True)
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run([*self._compose, "down", "--timeout", "0"], check=False, capture_output=True)
        self._client.close()
        shutil.rmtree(self.root)

    def wait(self) -> None:
        """Wait until every service has ended."""
        subprocess.run([*self._compose, "wait", *SERVICES], check=False, capture_output=True)

    def restart(self) -> None:
        """Restart every service, without waiting for any to end."""
        subprocess.run([*self._compose, "restart", "--timeout", "0"], check=True, capture_output=True)

    def written(self, tail: int | str = "all") -> dict[str, bytes]:
        """What each service has written, told by the engine's own client."""
        found = self._client.api.containers(all=True, filters={"label": f"com.docker.compose.project={self.name}"})
        return {
            each["Labels"]["com.docker.compose.service"]: self._client.api.logs(each["Id"], tail=tail) for each in found
        }

    def begin(self, command: Sequence[str], out: int) -> subprocess.Popen[bytes]:
        """Start a command as a user would, in the project's folder."""
        variables = {**os.environ, "COMPOSE_PROJECT_NAME": self.name}
        return subprocess.Popen(command, cwd=self.root, env=variables, stdout=out, stderr=subprocess.DEVNULL)


def throughput(project: Project, label: str, lines: int, rounds: int) -> list[str]:
    """Show everything with both programs in turn, and compare; returns the goals that were missed."""
    # Time order needs the engine's times, which cost the engine a quarter more: the second row asks for them, too.
    commands = {
        "docker compose logs": project.theirs,
        "  with --timestamps": [*project.theirs, "--timestamps"],
        "invoke logs": project.ours,
    }
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(measure(project, command, lines))
    total = lines * len(SERVICES)
    baseline = statistics.median(run.seconds for run in runs["docker compose logs"])
    print(
        f"\n{len(SERVICES)} services x {lines:,} lines of {label}, {rounds} rounds in turn, not a line lost or doubled"
    )
    print(f"{'':22}{'median s':>10}{'lines/s':>12}{'ratio':>8}{'CPU s':>8}{'most MB':>9}")
    for name, all_of in runs.items():
        seconds = statistics.median(run.seconds for run in all_of)
        memory = max(run.memory for run in all_of) / 1e6
        cpu = statistics.median(run.cpu for run in all_of)
        print(f"{name:22}{seconds:10.2f}{total / seconds:12,.0f}{baseline / seconds:8.2f}{cpu:8.2f}{memory:9.0f}")
    ours = runs["invoke logs"]
    return [
        *over(
            f"{label}: seconds against docker compose logs", statistics.median(run.seconds for run in ours), baseline
        ),
        *over(f"{label}: MB", max(run.memory for run in ours) / 1e6, MEMORY_GOAL),
    ]


def over(what: str, found: float, goal: float) -> list[str]:
    """The goal in words, where it was missed."""
    return [f"{what}: {found:.2f}, not ≤ {goal:.2f}"] if found > goal else []


def measure(project: Project, command: Sequence[str], lines: int) -> Run:
    """Run one program to its end, and look at every line that it showed."""
    with tempfile.TemporaryFile() as file:
        began = time.monotonic()
        process = project.begin(command, file.fileno())
        used = [0.0, 0]
        watcher = threading.Thread(target=_watch, args=(process.pid, used))
        watcher.start()
        code = process.wait()
        seconds = time.monotonic() - began
        watcher.join()
        file.seek(0)
        following = dict.fromkeys(SERVICES, 0)
        for line in file:
            # The service, with compose's replica number or our time beside it, stands before the first bar.
            found = _NUMBERED.search(line, line.index(b"|"))
            if found is None or int(found[2]) != following[found[1].decode()]:
                sys.exit(f"{command}: a line was lost, doubled or changed places: {line!r}, after {following}")
            following[found[1].decode()] += 1
    if code or following != dict.fromkeys(SERVICES, lines):
        sys.exit(f"{command}: exit code {code}, lines shown: {following}")
    return Run(seconds, used[0], int(used[1]))


def _watch(pid: int, used: list[float]) -> None:
    """Note the CPU and the most memory that a process uses, until it ends."""
    try:
        process = psutil.Process(pid)
        while process.status() != psutil.STATUS_ZOMBIE:
            times = process.cpu_times()
            used[:] = times.user + times.system, max(used[1], process.memory_info().rss)
            time.sleep(0.02)
    except psutil.Error:
        return


def restart(project: Project, lines: int) -> list[str]:
    """Follow all services while they are restarted in the middle of what they write; returns the goals missed."""
    with tempfile.TemporaryFile() as file:
        began = time.monotonic()
        process = project.begin([*project.ours, "--follow"], file.fileno())
        used = [0.0, 0]
        watcher = threading.Thread(target=_watch, args=(process.pid, used))
        watcher.start()
        try:
            _until(lambda: os.fstat(file.fileno()).st_size > lines * len(SERVICES) * 30)
            project.restart()
            _until(lambda: all(f" {lines - 1} ".encode() in line for line in project.written(tail=1).values()))
            written = {name: text.splitlines() for name, text in project.written().items()}
            size = sum(len(line) for line in itertools.chain(*written.values()))
            _until(lambda: os.fstat(file.fileno()).st_size > size and _shown(file, written))
            seconds = time.monotonic() - began
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()
            watcher.join()
    counts = {name: len(each) for name, each in written.items()}
    if not all(lines < count < 2 * lines for count in counts.values()):
        sys.exit(f"the restart did not fall into the middle: {counts}")
    print(f"\n{len(SERVICES)} services x {lines:,} lines, followed, restarted in the middle: nothing lost or doubled")
    print(f"{sum(counts.values()):,} lines in {seconds:.1f} s, {used[1] / 1e6:.0f} MB at most")
    return over("follow: MB", used[1] / 1e6, MEMORY_GOAL)


def _shown(file: IO[bytes], written: Mapping[str, Sequence[bytes]]) -> bool:
    """Whether all that the services have written was shown; ends the process when it was shown otherwise."""
    file.seek(0)
    following = dict.fromkeys(written, 0)
    data = file.read()
    for line in data[: data.rfind(b"\n") + 1].splitlines():
        head, _, text = line.partition(b"| ")
        name = head.split()[-1].decode()
        if following[name] == len(written[name]) or text != written[name][following[name]]:
            sys.exit(f"a line was lost, doubled or changed places: {line!r}, after {following}")
        following[name] += 1
    file.seek(0, os.SEEK_END)
    return all(count == len(written[name]) for name, count in following.items())


def _until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST
    while not what():
        if time.monotonic() > deadline:
            sys.exit(f"not within {LONGEST:g} s")
        time.sleep(0.2)


def lag(project: Project, count: int = 200) -> list[str]:
    """Follow a service that writes the time, and tell how late each line is; returns the goals that were missed."""
    process = project.begin([*project.ours[:-2], "--tail", "0", "--follow"], subprocess.PIPE)
    assert process.stdout is not None
    lags = []
    for line, _ in zip(process.stdout, range(count), strict=False):
        lags.append((time.time() - float(line.rpartition(b"| ")[2])) * 1000)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    code = process.wait()
    ended = (time.monotonic() - began) * 1000
    process.stdout.close()
    cuts = statistics.quantiles(lags, n=100)
    print(f"\ninvoke logs --follow, {count} lines, ms from the service's print to the reader")
    print(f"median {statistics.median(lags):.1f}, 95th percentile {cuts[94]:.1f}, most {max(lags):.1f}")
    print(f"Ctrl-C: exit code {code} after {ended:.0f} ms")
    return over("follow: ms", statistics.median(lags), LAG_GOAL)


if __name__ == "__main__":
    sys.exit(main())
