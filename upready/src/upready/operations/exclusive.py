"""One task at a time changes a project, and nothing that an earlier one has left to go on does meanwhile."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from upready.runtime.docker import continuation
from upready.support import lock, state


def check(root: Path) -> None:
    """Make sure that no other task is at work on the project, for a dry run: nothing is held afterwards.

    Raises:
        LockedError: One is; the message names it.
    """
    lock.check(root)


@contextlib.contextmanager
def hold(root: Path, task: str) -> Iterator[None]:
    """Hold the project's lock while the block runs; what compose still starts for an earlier task is ended.

    Args:
        root: The project's folder.
        task: What holds it, as others are told: `invoke dev`.

    Raises:
        LockedError: Another task holds it; the message names that task, its process and since when.
        UsageError: There is no place for it, or what an earlier task left does not let itself be ended.
    """
    with lock.hold(root, task):
        continuation.end(state.folder(root))
        yield
