"""Which commit an image is built from, for its labels (`org.opencontainers.image.revision`, `.created`)."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path

from upready.stack.selection import Stack
from upready.support import git

VARIABLE = "OPS_REVISION"
"""The variable that compose files read the revision from."""


def stamp(stack: Stack, described: Mapping[str, str]) -> Stack:
    """The stack with the variables of `describe` added; variables that are set in the shell win."""
    found = {key: value for key, value in described.items() if not os.environ.get(key)}
    return dataclasses.replace(stack, variables={**stack.variables, **found})


def describe(root: Path) -> dict[str, str]:
    """OPS_REVISION, the commit that is checked out, and OPS_CREATED; empty without git.

    The revision ends in `-dirty` when files differ from the commit's. The date is the commit's own, not the clock's:
    the same commit gives the same image.
    """
    shown = git.run(root, "log", "-1", "--format=%H %cI")
    if shown is None or shown.code:
        return {}
    changed = git.run(root, "status", "--porcelain", "--untracked-files=no")
    if changed is None:
        return {}
    commit, _, created = shown.stdout.strip().partition(" ")
    return {VARIABLE: f"{commit}-dirty" if changed.stdout.strip() else commit, "OPS_CREATED": created}
