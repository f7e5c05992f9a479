"""What `invoke top` costs, and how soon a key is answered: 60 services that write 50,000 lines a second together.

The stack is made up: a runtime within the process hands out containers, samples, and log bytes as the engine sends
them, which go through the real decoder. All else is real: the task, a pseudo-terminal, compose's model, health, masks.
So what the made-up engine costs counts, too. With `--engine` a real container floods instead.

Exit code 1 when a goal is missed.

    python -m bench.top [--services 60] [--rate 50000] [--seconds 15] [--rounds 3] [--engine]
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import yaml

ROOT = Path(__file__).resolve().parent.parent
CPU_GOAL = 20.0
"""Percent of one core."""

KEY_GOAL = 100.0
"""Milliseconds until a key has changed the screen, in the 95th percentile."""

PRESSES = 30
HELP = b"keys, and the commands"
TEXT = "GET /items/42 answered 200 after 3 ms; as long as lines of a log are, about 100 characters"
IMAGE = os.environ.get("PYTHON_IMAGE", "python:3.13-slim")
FLOOD = """
import sys, time
text, rate = {text!r}, {rate}
began, count = time.monotonic(), 0
while True:
    due = int((time.monotonic() - began) * rate)
    sys.stdout.write("".join(f"{{n}} {{text}}\\n" for n in range(count, due))); sys.stdout.flush()
    count = due
    time.sleep(.01)
"""


@dataclass
class MadeUp:
    """A runtime with services that write so many lines a second together; half of them come from the first one."""

    services: int
    rate: int
    name: str = "docker"
    address: str = "nowhere"
    local: bool = True
    began: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(minutes=5))

    def ping(self, _: float) -> bool:
        """It is there."""
        return True

    def containers(self, project: str) -> list[Any]:
        """All of them run."""
        from upready.runtime.interface import Container

        return [
            Container(
                f"id{each}", f"{project}-s{each:02}-1", f"s{each:02}", 1, "image", "running", "healthy", (), None,
                oom_killed=False, error="", restarts=0, started=self.began, finished=None, memory_limit=256_000_000,
            )
            for each in range(self.services)
        ]  # fmt: skip

    def inspect(self, _: str) -> None:
        """Nothing is known of one."""

    def sample(self, _: Any) -> Any:
        """What one uses; asking a real engine costs more."""
        from upready.runtime.interface import Sample

        return Sample(time.time(), time.monotonic() / 50, 61_000_000)

    def fit(self, model: Any, _: object) -> Any:
        """All of it can run here."""
        return model

    def source(self, project: str, services: Sequence[str] = (), note: object = None) -> Flood:
        """Their logs."""
        return Flood(self, project)


class Flood:
    """The logs, as bytes of the engine."""

    def __init__(self, runtime: MadeUp, project: str) -> None:
        from upready.logs.entry import Origin

        self.runtime = runtime
        self.over = threading.Event()
        self.known = [Origin(each.service, 1, each.id) for each in runtime.containers(project)]

    def origins(self) -> list[Any]:
        """All replicas."""
        return self.known

    def read(self, *_: Any, **__: Any) -> Iterator[Any]:
        """Nothing was written before."""
        return iter(())

    def follow(self, origin: Any, after: str | None) -> Iterator[Any]:
        """Lines at the rate of this replica, as many in a batch as have come, and 64 KiB at most."""
        from upready.runtime.docker import log_stream

        first = origin.service == "s00"
        rate = self.runtime.rate / 2 if first else self.runtime.rate / 2 / max(1, len(self.known) - 1)
        return log_stream.read_lines(self._parts(rate), log_stream.Frames(), chunked=True)

    def _parts(self, rate: float) -> Iterator[bytes]:
        text = f"0000-00-00T00:00:00.123456789Z {TEXT}\n".encode()
        frame = b"\x01\0\0\0" + struct.pack(">I", len(text)) + text
        chunk = f"{len(frame):x}\r\n".encode() + frame + b"\r\n"
        most = 65536 // len(chunk)
        began, count = time.monotonic(), 0
        while not self.over.is_set():
            due = int((time.monotonic() - began) * rate) - count
            if not due:
                self.over.wait(1 / rate)
                continue
            count += min(due, most)
            now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}".encode()
            yield (chunk * min(due, most)).replace(b"0000-00-00T00:00:00", now)

    def running(self, _: Any) -> bool:
        """They all run."""
        return not self.over.is_set()

    def changes(self) -> Iterator[Any]:
        """Nothing starts."""
        self.over.wait()
        return iter(())

    def check(self) -> None:
        """It answers."""

    def close(self) -> None:
        """End it."""
        self.over.set()


def serve(services: int, rate: int) -> None:
    """Run `invoke top` on a made-up runtime, in this process."""
    from upready.runtime import choice

    made = MadeUp(services, rate)
    choice.find = lambda *_, **__: made  # type: ignore[assignment]
    sys.argv[:] = ["upready", "top"]
    from upready.__main__ import main as upready

    upready()


@dataclass(frozen=True)
class Run:
    """Percent of one core, milliseconds until each key was answered, bytes of memory."""

    cpu: float
    keys: list[float]
    memory: int


def measure(command: Sequence[str], folder: Path, seconds: float) -> Run:
    """Run `invoke top` at a terminal of 120 columns and 40 lines, let it settle, and watch it; then press keys."""
    outer, inner = pty.openpty()
    fcntl.ioctl(outer, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    variables = {
        **os.environ,
        "TERM": "xterm-256color",
        "PYTHONPATH": str(ROOT),
        "OPS_STATE_DIR": str(folder / "state"),
    }
    process = subprocess.Popen(
        command, cwd=folder, env=variables, stdin=inner, stdout=inner, stderr=inner, start_new_session=True
    )
    os.close(inner)
    try:
        shown = _read(outer, 60, b"came too fast")
        if b"came too fast" not in shown:
            sys.exit(shown.decode(errors="replace")[-2000:])
        _read(outer, 3)
        watched = psutil.Process(process.pid)
        before, began = watched.cpu_times(), time.monotonic()
        _read(outer, seconds)
        after, passed = watched.cpu_times(), time.monotonic() - began
        cpu = (after.user + after.system - before.user - before.system) / passed * 100
        keys = [_press(outer) for _ in range(PRESSES)]
        memory = watched.memory_info().rss
        os.write(outer, b"q")
        _read(outer, 10, b"\x1b[?1049l")
        process.wait(20)
    finally:
        process.kill()
        process.wait()
        os.close(outer)
    return Run(cpu, keys, memory)


def _press(outer: int) -> float:
    """Milliseconds from a key to its picture."""
    began = time.monotonic()
    os.write(outer, b"?")
    if HELP not in _read(outer, 10, HELP):
        sys.exit("a key was not answered")
    took = (time.monotonic() - began) * 1000
    os.write(outer, b"?")
    _read(outer, 0.37)
    return took


def _read(outer: int, seconds: float, until: bytes = b"") -> bytes:
    """What comes within so many seconds, or until some words have come."""
    found, end = b"", time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not (until and until in found):
        if select.select([outer], [], [], left)[0]:
            try:
                found += os.read(outer, 65536)
            except OSError:
                break
    return found


@contextlib.contextmanager
def made_up(services: int, rate: int) -> Iterator[tuple[list[str], Path]]:
    """A folder with so many services that nobody starts, and the command that shows them."""
    with tempfile.TemporaryDirectory(prefix="bench-top-") as name:
        content = {f"s{each:02}": {"image": IMAGE} for each in range(services)}
        Path(name, "compose.yaml").write_text(yaml.safe_dump({"services": content}), encoding="utf-8")
        yield [sys.executable, "-m", "bench.top", "--serve", f"--services={services}", f"--rate={rate}"], Path(name)


@contextlib.contextmanager
def real(services: int, rate: int) -> Iterator[tuple[list[str], Path]]:
    """The same with real containers: one floods, the others idle."""
    with tempfile.TemporaryDirectory(prefix="bench-top-") as name:
        flood = ["python", "-c", FLOOD.format(text=TEXT, rate=rate).replace("$", "$$")]
        content = {"s00": {"image": IMAGE, "init": True, "command": flood}}
        idle = {"image": IMAGE, "init": True, "command": ["sleep", "600"]}
        content |= {f"s{each:02}": idle for each in range(1, services)}
        for each in content.values():
            each["logging"] = {"driver": "json-file", "options": {"max-size": "20m", "max-file": "2"}}
        project = f"bench-top-{uuid.uuid4().hex[:8]}"
        file = Path(name, "compose.yaml")
        file.write_text(yaml.safe_dump({"name": project, "services": content}), encoding="utf-8")
        compose = [str(Path(sys.executable).with_name("docker-compose")), "-p", project, "-f", str(file)]
        try:
            subprocess.run([*compose, "up", "-d", "--pull", "never"], check=True, capture_output=True)
            yield [sys.executable, "-m", "upready", "top"], Path(name)
        finally:
            subprocess.run([*compose, "down", "--timeout", "0"], check=False, capture_output=True)


def main() -> int:
    """Measure, print a line for each round, and return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description="Measure what invoke top costs.")
    parser.add_argument("--services", type=int, default=60)
    parser.add_argument("--rate", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engine", action="store_true")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.services, options.rate)
        return 0
    where = real if options.engine else made_up
    runs = []
    print(f"{options.services} services, {options.rate:,} lines/s, {'a real engine' if options.engine else 'made up'}")
    print(f"{'':8}{'% of a core':>12}{'key, median ms':>16}{'95 %':>8}{'most':>8}{'MB':>8}{'load':>8}")
    with where(options.services, options.rate) as (command, folder):
        for number in range(options.rounds):
            run = measure(command, folder, options.seconds)
            runs.append(run)
            cut = statistics.quantiles(run.keys, n=20)[-1]
            print(
                f"round {number + 1:<2}{run.cpu:12.1f}{statistics.median(run.keys):16.1f}{cut:8.1f}{max(run.keys):8.1f}"
                f"{run.memory / 1e6:8.0f}{os.getloadavg()[0]:8.2f}"
            )
    missed = []
    if (cpu := statistics.median(run.cpu for run in runs)) > CPU_GOAL:
        missed.append(f"% of a core: {cpu:.1f}, not ≤ {CPU_GOAL:g}")
    keys = statistics.quantiles([each for run in runs for each in run.keys], n=20)[-1]
    if keys > KEY_GOAL:
        missed.append(f"ms until a key is answered: {keys:.0f}, not ≤ {KEY_GOAL:g}")
    for each in missed:
        print(f"missed: {each}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
