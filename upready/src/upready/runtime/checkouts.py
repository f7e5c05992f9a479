"""Other checkouts of the same project on this machine: git worktrees, clones, copies."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from upready.runtime import host_ports, last_used
from upready.support import files, git, repository
from upready.support.errors import OpsError

if TYPE_CHECKING:
    from upready.runtime.interface import Runtime
    from upready.stack.model import Port
    from upready.stack.selection import Stack


def others(root: Path) -> list[Path]:
    """The known other checkouts: git's worktrees, and the folders in which this user called tasks."""
    found = [Path(line[9:]) for line in _git(root, "worktree", "list", "--porcelain") if line.startswith("worktree ")]
    found += [Path(each.folder) for each in last_used.others(root) if each.folder]
    return [
        folder for folder in dict.fromkeys(found) if files.is_folder(folder) and files.real(folder) != files.real(root)
    ]


def is_one(stack: Stack, folder: Path) -> bool:
    """Whether a folder is another checkout of a stack's project: of the same repository, or with the same files."""
    if files.real(folder) == files.real(stack.root):
        return False
    mine, theirs = repository.beginnings(stack.root), repository.beginnings(folder)
    if mine and theirs:
        return not set(mine).isdisjoint(theirs)
    with contextlib.suppress(OpsError, ValueError):
        return all(files.read(folder / file.relative_to(stack.root)) == files.read(file) for file in stack.files)
    return False


def holder(engine: Runtime, stack: Stack, port: Port) -> Path | None:
    """The folder of another checkout of the project that uses a port; None if something else uses it."""
    if not engine.local:
        return None
    return next((folder for folder in _folders(engine, port) if is_one(stack, folder)), None)


def _folders(engine: Runtime, port: Port) -> list[Path]:
    found = engine.owner_of(port.published, port.protocol, port.host)
    if found is not None:
        return [Path(each.folder) for each in engine.origins(found[0]) if each.folder] if found[0] else []
    import psutil

    from upready.runtime.native import env_mark

    # A service of another checkout that runs without an engine.
    number = host_ports.listener(port)
    with contextlib.suppress(psutil.Error):
        mark = env_mark.of(psutil.Process(number)) if number else None
        return [mark.root] if mark else []
    return []


def _git(folder: Path, *arguments: str) -> list[str]:
    found = git.run(folder, *arguments)
    return [] if found is None or found.code else found.stdout.splitlines()
