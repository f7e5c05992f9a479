"""One stack in two folders under two names: started by plain compose in the first, by `invoke dev` in the second."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ops import compose
from tests.conftest import ROOT, unique_name
from tests.engine.conftest import Project, Result

IMAGE = "debian:trixie-slim"


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
    """An empty project that has the tasks: `tasks.py` in its folder, their library from here."""
    root.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / "tasks.py", root / "tasks.py")
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
    return Project(root, name, {"PYTHONPATH": path, **(environment or {})})


@dataclass
class Twins:
    """Two projects that hold the same.

    Attributes:
        plain: Started by plain compose.
        ours: Started by `invoke dev`.
    """

    plain: Project
    ours: Project
    results: dict[str, Result] = field(default_factory=dict)

    @classmethod
    def make(cls, folder: Path, words: str, environment: Callable[[], Mapping[str, str]] = dict) -> Twins:
        """Two empty ones; `environment` gives each its variables."""
        pair = [bare(folder / side, unique_name(f"{words}-{side}"), environment()) for side in ("plain", "ours")]
        return cls(*pair)

    @property
    def both(self) -> tuple[Project, Project]:
        return self.plain, self.ours

    def write(self, content: Mapping[str, Any], files: Mapping[str, str] | None = None) -> None:
        """Give both a compose file, and other files."""
        for project in self.both:
            for name, text in (files or {}).items():
                project.write(name, text)
            project.write("compose.yaml", yaml.safe_dump(content, sort_keys=False, allow_unicode=True))

    def up(self, *options: str, timeout: int = 60) -> tuple[Result, Result]:
        """Start both, at the same time: what plain compose said, and what `invoke dev` did."""
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(plain, self.plain, "up", "--detach")
            second = pool.submit(self.ours.invoke, "dev", "--no-build", "--timeout", str(timeout), *options)
            return first.result(), second.result()
