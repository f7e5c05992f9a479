"""What git says about a folder or a file."""

from __future__ import annotations

import subprocess
from pathlib import Path

from upready.support import files, process
from upready.support.errors import OpsError
from upready.support.process import Result

PATIENCE = 10.0
"""Seconds that an answer may take."""


def run(folder: Path, *arguments: str, stdin: str | None = None, timeout: float = PATIENCE) -> Result | None:
    """Run git in a folder; None without git or without the folder, or if no answer comes in time.

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


def state(path: Path) -> str | None:
    """Whether git knows a file: `tracked`, `unignored` or `ignored`; None without git or outside a repository."""
    try:
        # If `.gitignore` is a pipe, git would wait for ever.
        files.check(path.parent / ".gitignore")
    except OpsError:
        return None
    found = run(path.parent, "ls-files", "-t", "--cached", "--others", "--exclude-standard", "--", path.name)
    if found is None or found.code:
        return None
    if not found.stdout.strip():
        return "ignored"
    return "unignored" if found.stdout.startswith("?") else "tracked"
