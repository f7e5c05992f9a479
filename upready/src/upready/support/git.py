"""What git says of a folder."""

from __future__ import annotations

import subprocess
from pathlib import Path

from upready.support import process
from upready.support.process import Result

PATIENCE = 10.0
"""Seconds that an answer may take."""


def run(folder: Path, *arguments: str, stdin: str | None = None, timeout: float = PATIENCE) -> Result | None:
    """Run git in a folder; None where there is no git or no such folder, or where no answer comes in time.

    Args:
        folder: Where it is run.
        arguments: What follows `git`.
        stdin: Text for its standard input.
        timeout: Seconds that the answer may take.
    """
    try:
        return process.run(["git", *arguments], cwd=folder, stdin=stdin, timeout=timeout)
    except (OSError, subprocess.TimeoutExpired):
        return None
