"""How late is "ready"? Ours, `up --wait` and the script that we replace, side by side: `uv run python -m bench.ready`.

One service, which answers 3 s after its container has started, and says when that was. Each way is a whole process; its
lag is the time from that moment until the process ends. Then the gate alone, within this process: how late it is after
the first good answer, and after the engine's own verdict; exit code 1 when a goal of these is missed.

Needs a Docker Engine with the base images; a round of the table takes four minutes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench import harness
from bench.figure import Figure
from tests.conftest import free_ports, remove_project, unique_name
from tests.engine.conftest import Project, write_tasks
from tests.engine.scene import Scene
from upready.runtime.docker import engine
from upready.stack import compose

DELAY = 3.0
"""Seconds from the start of the container until the service answers."""

PEERS = Path(__file__).parent / "peers"

LONGEST = 120.0
"""Seconds after which a way is given up."""

GOALS = {"the first good answer, probed": 100.0, "the engine's own verdict": 50.0}
"""Milliseconds that the gate may take after each, at most."""

CHECKS: dict[str, dict[str, Any] | None] = {
    "interval 30 s": {"interval": "30s"},
    "interval 5 s": {"interval": "5s"},
    "interval 1 s": {"interval": "1s"},
    "start_interval 1 s": {"interval": "30s", "start_period": "60s", "start_interval": "1s"},
    "none": None,
}

SERVICE = f"""
import http.server, json, pathlib, threading, time
since = time.time() + {DELAY}
threading.Timer({DELAY}, pathlib.Path('/tmp/ready').touch).start()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({{'since': since}}).encode()
        self.send_response(200 if time.time() >= since or self.path == '/since' else 503)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(('', 8000), Handler).serve_forever()
"""


@dataclass(frozen=True)
class Way:
    """A way to start a project and to learn that it is ready."""

    title: str
    probed: bool
    command: Callable[[Project], list[str]]


def ours(_: Project) -> list[str]:
    """`invoke dev`, without a build."""
    return [sys.executable, "-m", "invoke", "dev", "--no-build", "--timeout", str(LONGEST)]


def wait(project: Project) -> list[str]:
    """Compose's own way."""
    return [*compose.project_command(project.name), "up", "--detach", "--wait", "--wait-timeout", str(int(LONGEST))]


def script(project: Project) -> list[str]:
    """The old script: start, sleep, look once at what runs."""
    return [sys.executable, "-m", "bench.peers.old_script", *compose.project_command(project.name)]


def nautobot(project: Project) -> list[str]:
    """Tasks in Nautobot's style: start, then a look at each port every 15 s."""
    return [sys.executable, "-m", "invoke", "--search-root", str(PEERS / "nautobot"), "start"]


WAYS = (
    Way("ours, probe", True, ours),
    Way("ours, no probe", False, ours),
    Way("up -d --wait", True, wait),
    Way("old script", True, script),
    Way("Nautobot's style", True, nautobot),
)


def main() -> int:
    """Measure, print the tables, and return 1 when a goal is missed."""
    return harness.run(__doc__, measure, options)


def options(parser: argparse.ArgumentParser) -> None:
    """The options of this module."""
    parser.add_argument("--rounds", type=int, default=5, help="rounds of the table; 0 leaves it out")
    parser.add_argument("--launches", type=int, default=8, help="launches that tell of the gate alone")


def measure(options: harness.Options) -> Iterator[Figure]:
    """How late each way is with each health check; then the gate alone."""
    rounds, launches = (1, 2) if options.quick else (options.rounds, options.launches)
    checks = dict(list(CHECKS.items())[2:3]) if options.quick else CHECKS
    for title, check in checks.items() if rounds else ():
        runs: dict[str, list[float]] = {way.title: [] for way in WAYS}
        for _ in range(rounds):
            for way in WAYS:
                runs[way.title].append(lag(way, check))
        probe, plain = (runs.pop(way.title) for way in WAYS[:2])
        yield Figure(f"told late, health check {title}, with x-ops.health", "s", probe, runs)
        yield Figure(f"told late, health check {title}, without", "s", plain, runs)
    for what, probed in zip(GOALS, (True, False), strict=True):
        lags = gate_lags(launches, probed=probed)
        yield Figure(f"the gate, after {what}", "ms", lags)
        yield Figure(f"the gate, after {what}: the latest", "ms", [max(lags)], goal=GOALS[what])


def gate_lags(launches: int, *, probed: bool) -> list[float]:
    """Milliseconds by which the gate itself is late, of so many launches, without the process around it."""
    return [gate_lag(probed=probed) * 1000 for _ in range(launches)]


def gate_lag(*, probed: bool) -> float:
    """Seconds from the first good answer, or from the engine's verdict, until the gate has returned."""
    port = free_ports()()
    check = {"interval": "30s", "start_period": "60s", "start_interval": "250ms"}
    with tempfile.TemporaryDirectory() as folder:
        services = {"service": service(port, None if probed else check, probed=probed)}
        scene = Scene(Path(folder), unique_name("gate"), services)
        verdicts: list[float] = []
        filters = {"label": f"{engine.PROJECT}={scene.name}", "event": "health_status"}
        # Subscribed to before anything starts.
        events = scene.engine.client.events(decode=True, filters=filters)

        def listen() -> None:
            for event in events:
                if event["Action"].endswith(": healthy"):
                    verdicts.append(event["timeNano"] / 1e9)
                    return

        listening = threading.Thread(target=listen, daemon=True)
        listening.start()
        try:
            outcome = scene.wait(LONGEST)
            reported = time.time()
            if not outcome.ready:
                raise SystemExit(f"not ready: {outcome.services}")
            if probed:
                return reported - since(port)
            listening.join(5)
            return reported - verdicts[0]
        finally:
            events.close()
            remove_project(scene.name)


def lag(way: Way, check: dict[str, Any] | None) -> float:
    """Seconds from the moment when the service answers until a way reports that it does."""
    port = free_ports()()
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder), unique_name("ready"))
        write_tasks(project.root)
        project.write("invoke.yaml", yaml.safe_dump({"ops": {"environments": {"dev": {"files": ["compose.yaml"]}}}}))
        project.write(
            "compose.yaml", yaml.safe_dump({"services": {"service": service(port, check, probed=way.probed)}})
        )
        try:
            done = subprocess.run(
                way.command(project),
                cwd=project.root,
                env=peers_variables(project, port),
                capture_output=True,
                encoding="utf-8",
                timeout=LONGEST + 30,
                check=False,
            )
            reported = time.time()
            if done.returncode:
                raise SystemExit(f"{way.title}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
            return reported - since(port)
        finally:
            remove_project(project.name)


def peers_variables(project: Project, port: int) -> dict[str, str]:
    """What a way is given: ours, and what `bench/peers` reads."""
    command = " ".join([*compose.project_command(project.name), "--project-directory", str(project.root)])
    command += f" --file {project.root / 'compose.yaml'}"
    return project.variables({"COMPOSE": command, "PORTS": str(port), "PYTHONPATH": str(PEERS.parent.parent)})


def service(port: int, check: dict[str, Any] | None, *, probed: bool) -> dict[str, Any]:
    """The one service, with this health check."""
    entry: dict[str, Any] = {
        "image": "python:3.13-slim",
        "init": True,
        "command": ["python", "-uc", SERVICE],
        "ports": [f"127.0.0.1:{port}:8000"],
    }
    if check is not None:
        entry["healthcheck"] = {"test": "test -e /tmp/ready", "retries": 100, **check}
    if probed:
        entry["x-ops"] = {"health": f"http://127.0.0.1:{port}/"}
    return entry


def since(port: int) -> float:
    """When the service begins to answer, by its own word."""
    deadline = time.monotonic() + LONGEST
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/since", timeout=5) as response:
                return float(json.load(response)["since"])
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
