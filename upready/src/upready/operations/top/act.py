"""Run a task of this program for a key: on this terminal, or beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from upready.support import process

PATIENCE = 20.0
"""Seconds that a task may take which is not shown."""


def words(task: Sequence[str], options: Sequence[str] = ()) -> list[str]:
    """The command that runs a task as this process was run.

    Args:
        task: The task's name, and what follows it.
        options: Options that this task was given, and the other one needs too: `--host`, `--runtime`.
    """
    program = Path(sys.argv[0])
    ours = "upready" in (program.stem, program.parent.name)
    return [sys.executable, "-m", "upready" if ours else "invoke", *task, *options]


def here(command: Sequence[str], root: Path, called_as: tuple[str, str]) -> int:
    """Run a task on this terminal; returns its exit code.

    Args:
        command: What `words` gives.
        root: The project's folder.
        called_as: The variable, and its value, by which the task knows how it is called.
    """
    return process.attach(command, cwd=root, env=dict([called_as]))


def aside(command: Sequence[str], root: Path, called_as: tuple[str, str]) -> tuple[int, list[str]]:
    """Run a task without the terminal; its exit code, and the lines that it has printed.

    Raises:
        OSError: It cannot be run.
    """
    try:
        ended = process.run(command, cwd=root, env={**os.environ, **dict([called_as])}, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return 1, [f"it has not ended within {PATIENCE:g} s"]
    return ended.code, [each for each in (ended.stdout + ended.stderr).splitlines() if each.strip()]
