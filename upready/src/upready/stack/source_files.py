"""Find the file of the user's checkout that a file in a container comes from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from upready.stack.model import Service
from upready.support import files
from upready.support.errors import OpsError

ENOUGH = 50_000
"""The most files and folders that are searched."""

_PASSED = frozenset(["node_modules", "__pycache__", "venv", "dist", "build", "target"])
"""Folders without sources of the user, besides all that begin with a dot."""


def find(
    path: str, root: Path, service: Service, mounts: Sequence[tuple[str, str]] = (), line: int = 0, code: str = ""
) -> str:
    """The path within the project's folder, with `/` between its parts; the container's path if that is not clear.

    It is found by the mounts, by `develop.watch`, and else by the longest end of the path that exactly one file of the
    project has too.

    Args:
        path: In the container; without an engine, on this machine.
        root: The project's folder.
        service: Whose container it is.
        mounts: What is mounted into it: (path on the engine's machine, path in the container).
        line: A line of the file.
        code: The text of that line, if it is known: it distinguishes files of one name.
    """
    if Path(path).is_absolute() and Path(path).is_relative_to(root):
        return Path(path).relative_to(root).as_posix()
    for source, target in [*mounts, *_watched(service)]:
        inner = _inner(path, target)
        if inner is None:
            continue
        local = root / source / inner if inner.parts else root / source
        if local.is_relative_to(root) and files.is_file(local):
            return local.relative_to(root).as_posix()
    return _alike(path, root, service, line, code) or path


def _inner(path: str, target: str) -> PurePosixPath | None:
    """A path below a target, relative to it; None if it is elsewhere."""
    whole, above = PurePosixPath(path), PurePosixPath(target)
    return whole.relative_to(above) if whole.is_relative_to(above) else None


def _watched(service: Service) -> Iterator[tuple[str, str]]:
    """What `develop.watch` copies: (path on this machine, path in the container)."""
    develop: Any = service.config.get("develop") or {}
    for each in develop.get("watch") or []:
        if each.get("path") and each.get("target"):
            yield str(each["path"]), str(each["target"])


def _alike(path: str, root: Path, service: Service, line: int, code: str) -> str | None:
    """The one file of the project whose path ends as this one does, the longest end first; None for several."""
    parts = PurePosixPath(path.replace("\\", "/")).parts
    names = [each for each in _files(root) if each.name == parts[-1]] if parts else []
    build: Any = service.config.get("build") or {}
    context = build.get("context") if isinstance(build, dict) else build
    for length in range(len(parts), 0, -1):
        found = [each for each in names if each.parts[-length:] == parts[-length:]]
        if code and len(found) > 1:
            found = [each for each in found if _says(root / each, line, code)] or found
        if context and len(found) > 1:
            found = [each for each in found if (root / each).is_relative_to(root / str(context))] or found
        if found:
            return found[0].as_posix() if len(found) == 1 else None
    return None


def _files(root: Path) -> Iterator[Path]:
    """The files of a project, relative to its folder."""
    count = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(each for each in folders if each not in _PASSED and not each.startswith("."))
        count += len(folders) + len(names)
        if count > ENOUGH:
            return
        here = Path(folder).relative_to(root)
        yield from (here / each for each in names)


def _says(file: Path, line: int, code: str) -> bool:
    """Whether a line of a file is this one."""
    try:
        lines = (files.read(file) or b"").decode("utf-8", "replace").splitlines()
    except OpsError:
        return False
    return 0 < line <= len(lines) and lines[line - 1].strip() == code.strip()
