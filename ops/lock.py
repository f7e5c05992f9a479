"""One task at a time changes a project: a kernel lock that ends with its holder, so it is never stale."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from ops import platform
from ops.errors import LockedError, UsageError

STATE = ".ops"
"""The folder, below the project's root, that keeps what the tasks must remember. Ignored by git."""


def state_folder(root: Path) -> Path:
    """The folder for the tasks' own state, made when it is not there, and ignored by git whatever the project says.

    Raises:
        UsageError: It cannot be made.
    """
    folder = root / STATE
    with _writing():
        folder.mkdir(exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    return folder


@contextlib.contextmanager
def hold(root: Path, task: str) -> Iterator[None]:
    """Hold the project's lock while the block runs.

    Args:
        root: The project's folder.
        task: What holds it, as others are told: `invoke dev`.

    Raises:
        LockedError: Another task holds it; the message names that task, its process and since when.
        UsageError: There is no place for it.
    """
    from ops import continuation

    path = state_folder(root) / "lock"
    with _writing():
        opened = path.open("a+", encoding="utf-8")
    with opened as file:
        if not platform.try_lock(file):
            raise _held(file.name)
        file.seek(0)
        file.truncate()
        json.dump({"task": task, "pid": os.getpid(), "since": time.time()}, file)
        file.flush()
        continuation.end(path.parent)
        yield


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"{error.filename or STATE} cannot be written: {error.strerror}",
            next=f"make the folder {STATE} yours, or remove it",
        ) from error


def _held(name: str) -> LockedError:
    try:
        holder = json.loads(Path(name).read_text("utf-8"))
        seconds = max(0, round(time.time() - holder["since"]))
        who = f"{holder['task']} (process {holder['pid']}, for {seconds} s)"
    except (OSError, ValueError, KeyError, TypeError):
        who = "another task"
    return LockedError(f"{who} is at work on this project", next="wait until it is done, or end it with Ctrl-C")
