"""Which commit an image is built from, for its labels (`org.opencontainers.image.revision`, `.created`)."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from pathlib import Path

from ops import process
from ops.stack import Stack

VARIABLE = "OPS_REVISION"
"""The variable that compose files read the revision from."""


def stamp(stack: Stack) -> Stack:
    """The stack with OPS_REVISION and OPS_CREATED added to compose's variables; what the shell sets is kept.

    The commit's own date, not the clock's: the same commit gives the same image.
    """
    found = {key: value for key, value in describe(stack.root).items() if not os.environ.get(key)}
    return dataclasses.replace(stack, variables={**stack.variables, **found})


def describe(root: Path) -> dict[str, str]:
    """The commit that is checked out, `-dirty` when files differ from it; nothing without git."""
    try:
        shown = process.run(["git", "-C", str(root), "log", "-1", "--format=%H %cI"], timeout=10)
        if shown.code:
            return {}
        changed = process.run(["git", "-C", str(root), "status", "--porcelain", "--untracked-files=no"], timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return {}
    commit, _, created = shown.stdout.strip().partition(" ")
    return {VARIABLE: f"{commit}-dirty" if changed.stdout.strip() else commit, "OPS_CREATED": created}
