"""How tasks grow with a stack: 1, 10, 50 and 200 services: `uv run python -m bench.services`.

Each service only runs, and has a health check that says so at once; the first one also answers on a port. What a user
would pick instead is called in turn with ours: compose itself, the old script, tasks in Nautobot's style. Needs a
Docker Engine with the base images.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from bench import harness
from bench.figure import Figure
from tests.conftest import free_ports, remove_project, unique_name
from tests.engine.conftest import Project, write_tasks
from upready.stack import compose

ROOT = Path(__file__).resolve().parent.parent
NAUTOBOT = ["--search-root", str(ROOT / "bench/peers/nautobot")]

CHECK = {"test": ["CMD", "true"], "interval": "60s", "start_period": "60s", "start_interval": "500ms"}
"""As cheap as a check can be: what is measured is not the program in the container."""

SLOW = 10
"""Beyond so many services the peers that sleep by a fixed time are called once only."""

MANY = 50
"""Beyond so many services everything is called once only: a round takes ten minutes."""


def main() -> int:
    """Measure and print the table; nothing is promised."""
    return harness.run(__doc__, start, options)


def options(parser: argparse.ArgumentParser) -> None:
    """The options of this module."""
    parser.add_argument("--size", type=int, nargs="*", default=[1, 10, 50, 200], help="services")
    parser.add_argument("--rounds", type=int, default=3)


def start(options: harness.Options) -> Iterator[Figure]:
    """A project of each size."""
    for size in options.size[:2] if options.quick else options.size:
        port = free_ports()()
        with tempfile.TemporaryDirectory() as folder:
            project = make(Path(folder), size, port)
            try:
                rounds = 1 if options.quick or size > MANY else options.rounds
                yield from measure(Calls(project, port), size, rounds)
            finally:
                remove_project(project.name)


def make(folder: Path, size: int, port: int) -> Project:
    """A project of so many services."""
    project = Project(folder, unique_name(f"bench-{size}"))
    write_tasks(folder)
    idle = {
        "image": "python:3.13-slim",
        "init": True,
        "command": ["sleep", "infinity"],
        "stop_grace_period": "1s",
        "healthcheck": CHECK,
    }
    services: dict[str, Any] = {f"s{number:03}": dict(idle) for number in range(size)}
    services["s000"] |= {
        "command": ["python", "-m", "http.server", "8000"],
        "ports": [f"127.0.0.1:{port}:8000"],
    }
    project.write("compose.yaml", yaml.safe_dump({"services": services}))
    return project


class Calls:
    """What is called: ours, and the others on the same project."""

    def __init__(self, project: Project, port: int) -> None:
        self.folder = project.root
        files = ["--project-directory", str(project.root), "--file", str(project.root / "compose.yaml")]
        self.compose = [*compose.project_command(project.name), *files]
        own = {"COMPOSE": " ".join(self.compose), "PORTS": str(port), "PYTHONPATH": str(ROOT)}
        self.variables = project.variables(own)

    def ours(self, *words: str) -> float:
        """Seconds of a task."""
        return self._run([sys.executable, "-m", "invoke", *words])

    def plain(self, *words: str) -> float:
        """Seconds of compose."""
        return self._run([*self.compose, *words])

    def script(self) -> float:
        """Seconds of the old script."""
        return self._run([sys.executable, "-m", "bench.peers.old_script", *self.compose])

    def nautobot(self, task: str) -> float:
        """Seconds of a task in Nautobot's style."""
        return self._run([sys.executable, "-m", "invoke", *NAUTOBOT, task])

    def _run(self, line: Sequence[str]) -> float:
        return harness.seconds(line, self.folder, self.variables)


def measure(calls: Calls, size: int, rounds: int) -> Iterator[Figure]:
    """Start, look at and stop the stack, in turn with the others."""
    grown: dict[str, Any] = {"size": size, "sizes": "services"}
    calls.ours("dev")  # fills caches
    calls.ours("stop")
    starts: dict[str, Callable[[], float]] = {
        "ours": lambda: calls.ours("dev"),
        "compose up --detach --wait": lambda: calls.plain("up", "--detach", "--wait"),
        "the old script": calls.script,
        "Nautobot's style": lambda: calls.nautobot("start"),
    }
    stops: dict[str, Callable[[], float]] = {
        "ours": lambda: calls.ours("stop"),
        "compose down": lambda: calls.plain("down"),
        "Nautobot's style": lambda: calls.nautobot("stop"),
    }
    began: dict[str, list[float]] = {name: [] for name in starts}
    ended: dict[str, list[float]] = {name: [] for name in stops}
    for turn in range(rounds):
        for name, way in starts.items():
            if turn and size > SLOW and name == "the old script":
                continue
            began[name].append(way())
            stop = {"compose up --detach --wait": "compose down", "the old script": "compose down"}.get(name, name)
            ended[stop].append(stops[stop]())
    yield harness.ours("start, nothing running", "s", began, **grown)
    yield harness.ours("stop", "s", ended, **grown)
    calls.ours("dev")
    looks: list[tuple[str, dict[str, Callable[[], float]]]] = [
        ("health", {"ours": lambda: calls.ours("health"), "compose ps": lambda: calls.plain("ps")}),
        (
            "status",
            {
                "ours": lambda: calls.ours("status"),
                "compose stats --no-stream": lambda: calls.plain("stats", "--no-stream"),
            },
        ),
        ("start, all running", {"ours": lambda: calls.ours("dev")}),
    ]
    for what, ways in looks:
        yield harness.ours(what, "s", harness.in_turn(ways, rounds), **grown)
    calls.ours("stop")


if __name__ == "__main__":
    sys.exit(main())
