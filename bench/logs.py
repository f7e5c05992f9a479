"""How fast logs are shown, how soon a line is, and what it costs: `invoke logs` beside `docker compose logs`.

Four services write 100,000 lines each. Both programs then show all of them, in turn, as whole processes whose output is
a file; what they showed is counted line by line. Then a service writes the time twenty times a second, and the lag is
the time from there to where a reader of `invoke logs --follow` has the line.

    python bench/logs.py [--lines 100000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml

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
CLOCK = "import time\nwhile True:\n    print(repr(time.time()), flush=True); time.sleep(.05)"


@dataclass(frozen=True)
class Run:
    """What one process took: seconds, seconds of CPU, and the most memory in bytes."""

    seconds: float
    cpu: float
    memory: int


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description="Measure invoke logs beside docker compose logs.")
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    compose = shutil.which("docker-compose", path=str(Path(sys.executable).parent))
    if compose is None:
        sys.exit("docker-compose is missing: uv sync")
    for label, line in (("text", PLAIN), ("JSON", STRUCTURED)):
        code = "import json\nfor i in range({count}):\n    " + line
        with Project(compose, {name: code.format(count=options.lines, name=name) for name in SERVICES}) as project:
            project.wait()
            throughput(project, label, options.lines, options.rounds)
    with Project(compose, {"clock": CLOCK}) as project:
        lag(project)


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
        shutil.copy(ROOT / "tasks.py", self.root)
        shutil.copytree(ROOT / "ops", self.root / "ops", ignore=shutil.ignore_patterns("__pycache__"))
        self.theirs = [compose, "-p", self.name, "logs", "--no-color"]
        self.ours = [sys.executable, "-m", "invoke", "logs", "--tail", "all"]
        self._compose = [compose, "-p", self.name, "-f", str(self.root / "compose.yaml")]

    def __enter__(self) -> Project:
        subprocess.run([*self._compose, "up", "-d", "--pull", "never"], check=True, capture_output=True)
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run([*self._compose, "down", "--timeout", "0"], check=False, capture_output=True)
        shutil.rmtree(self.root)

    def wait(self) -> None:
        """Wait until every service has ended."""
        subprocess.run([*self._compose, "wait", *SERVICES], check=False, capture_output=True)

    def begin(self, command: Sequence[str], out: int) -> subprocess.Popen[bytes]:
        """Start a command as a user would, in the project's folder."""
        variables = {**os.environ, "COMPOSE_PROJECT_NAME": self.name}
        return subprocess.Popen(command, cwd=self.root, env=variables, stdout=out, stderr=subprocess.DEVNULL)


def throughput(project: Project, label: str, lines: int, rounds: int) -> None:
    """Show everything with both programs in turn, and compare."""
    programs = {"docker compose logs": project.theirs, "invoke logs": project.ours}
    runs: dict[str, list[Run]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, command in programs.items():
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


def measure(project: Project, command: Sequence[str], lines: int) -> Run:
    """Run one program to its end, and count what it showed."""
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
        # The service stands before the first bar, with compose's replica number or our time beside it.
        shown = Counter(line.split(b"|", 1)[0].split()[-1].split(b"-")[0].decode() for line in file)
    if code or shown != dict.fromkeys(SERVICES, lines):
        sys.exit(f"{command[0]}: exit code {code}, lines shown: {dict(shown)}")
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


def lag(project: Project, count: int = 200) -> None:
    """Follow a service that writes the time, and tell how late each line is."""
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


if __name__ == "__main__":
    main()
