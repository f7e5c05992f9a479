"""`invoke bench`: the command that measures, by a Python that has what the measurements need."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from bench.parts import NAMES
from tests import runner
from upready.support import process
from upready.support.errors import UsageError


def command(root: Path, *, only: Sequence[str], quick: bool, as_json: bool, output: str) -> list[str]:
    """The command that measures.

    Args:
        root: The project's folder.
        only: The parts that are measured; all of them where it is empty.
        quick: Few runs and small sizes.
        as_json: Whether the figures are printed as JSON.
        output: The folder that is written to, as typed; empty for the usual one.

    Raises:
        UsageError: A part is not there, or what they need is not installed and there is no uv to install it.
    """
    if wrong := [each for each in only if each not in NAMES]:
        raise UsageError(
            f"bench: there is no part {wrong[0]!r}",
            details=[f"{name}: {what}" for name, what in NAMES.items()],
            next="invoke bench --only list",
        )
    line = [*runner.python(root), "-m", "bench"]
    for each in only:
        line += ["--only", each]
    line += ["--quick"] if quick else []
    line += ["--json"] if as_json else []
    return [*line, *(["--output", str(Path(output).absolute())] if output else [])]


def run(root: Path, line: Sequence[str]) -> int:
    """Measure, and return the exit code: 1 when a goal is missed or a part failed."""
    return process.attach(line, cwd=root, env=runner.environment(root, os.environ), inherit=False)
