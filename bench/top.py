"""What `invoke top` costs, and how soon a key is answered: 60 services that write 50,000 lines a second together.

The stack is made up: a runtime within the process hands out containers, samples, and log bytes as the engine sends
them, which go through the real decoder. All else is real: the task, a pseudo-terminal, compose's model, health, masks.
So what the made-up engine costs counts, too. With `--engine` a real container floods instead.

Exit code 1 when a goal is missed.

    python -m bench.top [--services 1 10 60 200] [--rate 50000] [--seconds 15] [--rounds 3] [--engine]
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

from bench import harness
from bench.figure import Figure

ROOT = Path(__file__).resolve().parent.parent
CPU_GOAL = 20.0
"""Percent of one core."""

KEY_GOAL = 100.0
"""Milliseconds until a key has changed the screen, in the 95th percentile."""

GOALS_AT = 60
"""Services for which the goals are promised."""

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
        yield [sys.executable, "-c", f"from bench import top; top.serve({services}, {rate})"], Path(name)


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
    """Measure, print the figures, and return 1 when a goal is missed."""
    return harness.run(__doc__, rounds, options)


def options(parser: argparse.ArgumentParser) -> None:
    """The options of this module."""
    parser.add_argument("--services", type=int, nargs="*", default=[1, 10, 60, 200])
    parser.add_argument("--rate", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engine", action="store_true")


def rounds(options: harness.Options) -> Iterator[Figure]:
    """Each number of services; the goals are those of 60."""
    for services in options.services[: 2 if options.quick else None]:
        where = real if options.engine else made_up
        with where(services, options.rate) as (command, folder):
            count, seconds = (1, 3.0) if options.quick else (options.rounds, options.seconds)
            runs = [measure(command, folder, seconds) for _ in range(count)]
        keys = statistics.quantiles([each for run in runs for each in run.keys], n=20)[-1]
        goals = (CPU_GOAL, KEY_GOAL) if services == GOALS_AT else (None, None)
        size: dict[str, Any] = {"size": services, "sizes": "services"}
        what = f"{options.rate:,} lines/s"
        yield Figure(f"{what}: percent of a core", "%", [run.cpu for run in runs], goal=goals[0], **size)
        yield Figure(f"{what}: a key is answered, 95 %", "ms", [keys], goal=goals[1], **size)
        yield Figure(f"{what}: memory", "MB", [run.memory / 1e6 for run in runs], **size)


if __name__ == "__main__":
    sys.exit(main())
