"""How late is "ready"? Ours, `up --wait` and the script that we replace, side by side: `uv run python -m bench.ready`.

One service, which answers 3 s after its container has started, and says when that was. Each way is a whole process; its
lag is the time from that moment until the process ends. Then the gate alone, within this process: how late it is after
the first good answer, and after the engine's own verdict; exit code 1 when a goal of these is missed.

Needs a Docker Engine with the base images; a round of the table takes four minutes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from tests.conftest import free_ports, remove_project, unique_name
from tests.engine.conftest import Project, write_tasks
from tests.engine.scene import Scene
from upready.runtime.docker import engine
from upready.stack import compose

DELAY = 3.0
"""Seconds from the start of the container until the service answers."""

OLD_SLEEP = 10.0
"""What the old script sleeps before it looks."""

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
    up = [*compose.project_command(project.name), "up", "--detach"]
    code = (
        f"import subprocess, time; subprocess.run({up!r}, check=True); print('Waiting for services to be ready...');"
        f" time.sleep({OLD_SLEEP}); subprocess.run({[*compose.project_command(project.name), 'ps']!r}, check=True)"
    )
    return [sys.executable, "-c", code]


WAYS = (
    Way("ours, probe", True, ours),
    Way("ours, no probe", False, ours),
    Way("up -d --wait", True, wait),
    Way("old script", True, script),
)


def main() -> int:
    """Measure, print the tables, and return 1 when a goal is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5, help="rounds of the table; 0 leaves it out")
    options.add_argument("--launches", type=int, default=8, help="launches that tell of the gate alone")
    chosen = options.parse_args()
    console = Console(width=140)
    if chosen.rounds:
        console.print("seconds from true readiness to the report, median of", chosen.rounds)
        console.print(ways(chosen.rounds))
    table = Table("milliseconds of the gate after", "least", "median", "most", "goal", "")
    lags = dict(zip(GOALS, (gate_lags(chosen.launches, probed=probed) for probed in (True, False)), strict=True))
    for what, found in lags.items():
        figures = (f"{each:.0f}" for each in (min(found), statistics.median(found), max(found)))
        table.add_row(what, *figures, f"≤ {GOALS[what]:g}", "" if max(found) <= GOALS[what] else "missed")
    console.print(table)
    return 0 if all(max(found) <= GOALS[what] for what, found in lags.items()) else 1


def ways(rounds: int) -> Table:
    """How late each way is with each health check, and how much later the others are than ours."""
    table = Table("health check", *(way.title for way in WAYS), "--wait / probe", "--wait / no probe", "script / probe")
    for title, check in CHECKS.items():
        probe, plain, wait, script = (statistics.median(lag(way, check) for _ in range(rounds)) for way in WAYS)
        ratios = (ratio(wait, probe), ratio(wait, plain), ratio(script, probe))
        table.add_row(title, *map(words, (probe, plain, wait, script)), *ratios)
    return table


def ratio(theirs: float, ours: float) -> str:
    """How many times as late theirs is; nothing to compare where one of both was too early."""
    return f"{theirs / ours:.1f}" if min(theirs, ours) > 0 else "-"


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


def words(seconds: float) -> str:
    """A lag in words; a negative one is worse than any other."""
    return f"{seconds:.2f}" if seconds >= 0 else f"{-seconds:.2f} too early"


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
                env=project.variables(),
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
