"""Whether git tracks or ignores a file."""

from __future__ import annotations

from pathlib import Path

from upready.support import files, git
from upready.support.errors import OpsError


def state(path: Path) -> str | None:
    """`tracked`, `unignored` or `ignored`; None without git or outside a repository."""
    try:
        # If `.gitignore` is a pipe, git would wait for ever.
        files.check(path.parent / ".gitignore")
    except OpsError:
        return None
    options = ("-t", "--cached", "--others", "--exclude-standard")
    found = git.run(path.parent, "ls-files", *options, "--", path.name)
    if found is None or found.code:
        return None
    if not found.stdout.strip():
        return "ignored"
    return "unignored" if found.stdout.startswith("?") else "tracked"
