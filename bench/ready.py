"""How late is "ready"? Ours, `up --wait` and the script that we replace, side by side: `uv run python -m bench.ready`.

One service, which answers 3 s after its container has started, and says when that was. Each way is a whole process; its
lag is the time from that moment until the process ends. Needs a Docker Engine with the base images; takes five minutes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from ops import compose
from tests.conftest import free_ports, remove_project, unique_name
from tests.engine.conftest import Project, copy_library

DELAY = 3.0
"""Seconds from the start of the container until the service answers."""

OLD_SLEEP = 10.0
"""What the old script sleeps before it looks."""

LONGEST = 120.0
"""Seconds after which a way is given up."""

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
    """Measure and print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=3)
    rounds = options.parse_args().rounds
    table = Table("health check", *(way.title for way in WAYS), "--wait / ours", "script / ours")
    for title, check in CHECKS.items():
        lags = [statistics.median(lag(way, check) for _ in range(rounds)) for way in WAYS]
        best = max(lags[0], 0.001)
        table.add_row(title, *map(words, lags), *(f"{each / best:.0f}" if each > 0 else "-" for each in lags[2:]))
    Console(width=120).print("seconds from true readiness to the report, median of", rounds)
    Console(width=120).print(table)
    return 0


def words(seconds: float) -> str:
    """A lag in words; a negative one is worse than any other."""
    return f"{seconds:.2f}" if seconds >= 0 else f"{-seconds:.2f} too early"


def lag(way: Way, check: dict[str, Any] | None) -> float:
    """Seconds from the moment when the service answers until a way reports that it does."""
    port = free_ports()()
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder), unique_name("ready"))
        copy_library(project.root)
        project.write("invoke.yaml", yaml.safe_dump({"ops": {"environments": {"dev": {"files": ["compose.yaml"]}}}}))
        project.write("compose.yaml", model(port, check, probed=way.probed))
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


def model(port: int, check: dict[str, Any] | None, *, probed: bool) -> str:
    """The compose file: one service, with this health check."""
    service: dict[str, Any] = {
        "image": "python:3.13-slim",
        "init": True,
        "command": ["python", "-uc", SERVICE],
        "ports": [f"127.0.0.1:{port}:8000"],
    }
    if check is not None:
        service["healthcheck"] = {"test": "test -e /tmp/ready", "retries": 100, **check}
    if probed:
        service["x-ops"] = {"health": f"http://127.0.0.1:{port}/"}
    return yaml.safe_dump({"services": {"service": service}})


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
