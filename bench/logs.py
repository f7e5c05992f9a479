"""How fast logs are shown, how soon a line is, and what it costs: `invoke logs` beside `docker compose logs`.

Four services write 1, 10 and 100 MB of numbered lines. Each program then shows all of them, in turn, as whole
processes whose output is a file; each line's number must be the next one of its service. The same four are followed
while all of them are restarted in the middle, and what was followed must be what the engine has. Then a service writes
the time twenty times a second, and the lag is the time from there to where a reader of `--follow` has the line.

Exit code 1 when a goal is missed.

    python -m bench.logs [--size 1 10 100] [--lines 100000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil
import yaml

import docker
from bench import harness
from bench.figure import Figure

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

BYTES = 92
"""Of a line, about."""

PROMISED = 100_000
"""Lines of each service from which on the goal is promised: with fewer, what Python's start costs decides."""

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
    return harness.run(__doc__, start, options)


def options(parser: argparse.ArgumentParser) -> None:
    """The options of this module."""
    parser.add_argument("--size", type=float, nargs="*", default=[1, 10, 100], help="megabytes of text")
    parser.add_argument("--lines", type=int, default=100_000, help="of each service, where sizes are not compared")
    parser.add_argument("--rounds", type=int, default=5)


def start(options: harness.Options) -> Iterator[Figure]:
    """Show logs of several sizes, follow them, restart what is followed."""
    compose = shutil.which("docker-compose", path=str(Path(sys.executable).parent))
    if compose is None:
        raise harness.MissingError("docker-compose is not installed: uv sync")
    rounds, lines = (1, 5_000) if options.quick else (options.rounds, options.lines)
    for size in options.size[:2] if options.quick else options.size:
        each = round(size * 1e6 / len(SERVICES) / BYTES)
        with Project(compose, programs(PLAIN, each)) as project:
            project.wait()
            yield from throughput(project, "text", each, rounds, size=size, sizes="MB of logs")
    with Project(compose, programs(STRUCTURED, lines)) as project:
        project.wait()
        yield from throughput(project, f"{len(SERVICES)} x {lines:,} lines of JSON", lines, rounds)
    with Project(compose, programs(PLAIN, lines, seconds=10)) as project:
        yield from restart(project, lines)
    with Project(compose, {"clock": CLOCK}) as project:
        yield from lag(project, 60 if options.quick else 200)


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
        self.follower = [sys.executable, "-m", "bench.peers.follow", self.name]
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
        variables = {**os.environ, "COMPOSE_PROJECT_NAME": self.name, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(command, cwd=self.root, env=variables, stdout=out, stderr=subprocess.DEVNULL)


def throughput(project: Project, label: str, lines: int, rounds: int, **grown: Any) -> Iterator[Figure]:
    """Show everything with each program in turn, and compare; not a line may be lost or doubled."""
    # Time order needs the engine's times, which cost the engine a quarter more: the second one asks for them, too.
    commands = {
        "docker compose logs": project.theirs,
        "the same with --timestamps": [*project.theirs, "--timestamps"],
        "a follower in Dozzle's way": project.follower,
        "ours": project.ours,
    }
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            run = measure(project, command, lines)
            if turn:  # the first one fills caches
                runs[name].append(run)
    ours = runs.pop("ours")

    def figure(what: str, unit: str, of: Callable[[Run], float], **goals: Any) -> Figure:
        peers = {name: [of(run) for run in each] for name, each in runs.items()}
        return Figure(f"logs, {label}: {what}", unit, [of(run) for run in ours], peers, **grown, **goals)

    yield figure("until all is shown", "s", lambda run: run.seconds, ratio_goal=1.0 if lines >= PROMISED else None)
    yield figure("processor time", "s", lambda run: run.cpu)
    yield figure("most memory", "MB", lambda run: run.memory / 1e6, goal=MEMORY_GOAL)


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


def restart(project: Project, lines: int) -> Iterator[Figure]:
    """Follow all services while they are restarted in the middle of what they write."""
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
    what = f"logs --follow, {len(SERVICES)} x {lines:,} lines, restarted in the middle, nothing lost or doubled"
    yield Figure(f"{what}: until all is shown", "s", [seconds])
    yield Figure(f"{what}: most memory", "MB", [used[1] / 1e6], goal=MEMORY_GOAL)


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


def lag(project: Project, count: int) -> Iterator[Figure]:
    """Follow a service that writes the time, and tell how late each line is, by each program."""
    ours = [*project.ours[:-2], "--tail", "0", "--follow"]
    late, ended = followed(project, ours, count)
    peers = {
        "docker compose logs": followed(project, [*project.theirs, "--tail", "0", "--follow"], count)[0],
        "a follower in Dozzle's way": followed(project, [*project.follower, "--tail", "0", "--follow"], count)[0],
    }
    yield Figure("logs --follow: a line is late by, median", "ms", late, peers, goal=LAG_GOAL)
    ends = {name: [harness.cut(each, 95)] for name, each in peers.items()}
    yield Figure("logs --follow: a line is late by, 95 %", "ms", [harness.cut(late, 95)], ends)
    yield Figure("logs --follow: ended after Ctrl-C", "ms", [ended])


def followed(project: Project, command: Sequence[str], count: int) -> tuple[list[float], float]:
    """Follow the clock: how late each line was, and how long the end took after Ctrl-C, in ms."""
    process = project.begin(command, subprocess.PIPE)
    assert process.stdout is not None
    late = [
        (time.time() - float(line.rpartition(b"| ")[2])) * 1000
        for line, _ in zip(process.stdout, range(count), strict=False)
    ]
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.wait()
    process.stdout.close()
    return late, (time.monotonic() - began) * 1000


if __name__ == "__main__":
    sys.exit(main())
