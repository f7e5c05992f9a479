"""One stack in two folders under two names: started by plain compose in the first, by `invoke dev` in the second."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import unique_name
from tests.engine.conftest import Project, Result, write_tasks
from upready.stack import compose

IMAGE = "debian:trixie-slim"

SLEEPER = f"""
x-sleeper: &sleeper
  image: {IMAGE}
  init: true
  command: [sleep, "600"]
  # Not 0: a container that was killed at once and restarted takes no more exec on some engines.
  stop_grace_period: 1s
  network_mode: none
  x-ops: {{stable: 0}}
"""
"""The head of a compose file: `<<: *sleeper` makes a service that only runs."""


CHECK = """[CMD, python, -ISc, 'import socket as s; c = s.create_connection(("127.0.0.1", 8000), 9);
        c.sendall(b"GET / HTTP/1.0\\n\\n"); assert b" 200 " in c.recv(99)']"""
"""For `test:` of a health check that runs often: whether a web server on port 8000 answers. With `urllib` it takes four
times as long, and a few services that are checked each half second would keep a machine busy."""


def plain(project: Project, *arguments: str, timeout: float = 240) -> Result:
    """Run compose itself in a project's folder."""
    done = subprocess.run(
        [*compose.program().command, *arguments],
        cwd=project.root,
        env=project.variables(),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        timeout=timeout,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def bare(root: Path, name: str, environment: Mapping[str, str] | None = None) -> Project:
    """An empty project that has the tasks: `tasks.py` in its folder."""
    root.mkdir(parents=True, exist_ok=True)
    write_tasks(root)
    return Project(root, name, dict(environment or {}))


def states(project: Project) -> dict[str, str]:
    """The state of each of a project's containers, by service and replica."""
    return {f"{each.service}-{each.replica}": each.state for each in project.containers()}


@dataclass
class Twins:
    """Two projects that hold the same.

    Attributes:
        plain: Started by plain compose.
        ours: Started by `invoke dev`.
    """

    plain: Project
    ours: Project

    @classmethod
    def make(cls, folder: Path, words: str, environment: Callable[[], Mapping[str, str]] = dict) -> Twins:
        """Two empty ones; `environment` gives each its variables."""
        pair = [bare(folder / side, unique_name(f"{words}-{side}"), environment()) for side in ("plain", "ours")]
        return cls(*pair)

    @property
    def both(self) -> tuple[Project, Project]:
        return self.plain, self.ours

    def write(self, text: str, files: Mapping[str, str] | None = None) -> None:
        """Give both a compose file, and other files."""
        for project in self.both:
            for name, other in (files or {}).items():
                project.write(name, other)
            project.write("compose.yaml", text)

    def states(self) -> list[dict[str, str]]:
        """Each container's state in both, by the name that it has in both."""
        return [states(project) for project in self.both]

    def up(self, *options: str, timeout: int = 60) -> tuple[Result, Result]:
        """Start both, at the same time: what plain compose said, and what `invoke dev` did."""
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(plain, self.plain, "up", "--detach")
            second = pool.submit(self.ours.invoke, "dev", "--no-build", "--timeout", str(timeout), *options)
            return first.result(), second.result()
