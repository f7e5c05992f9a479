"""What git makes of a file."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ops import process


def state(path: Path) -> str | None:
    """`tracked`, `unignored` or `ignored`; None where there is no git, or no repository."""
    command = ["git", "ls-files", "-t", "--cached", "--others", "--exclude-standard", "--", path.name]
    try:
        result = process.run(command, cwd=path.parent, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if result.code:
        return None
    if not result.stdout.strip():
        return "ignored"
    return "unignored" if result.stdout.startswith("?") else "tracked"
