"""A file or folder of the host that is mounted and does not exist, or a volume that is written wrongly."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.support import next_step, shell_words

_FILE = re.compile(r"\w\.(?!d$)[A-Za-z]\w*$")
"""What is more likely a file than a folder: a folder in its place would be refused again, or not be read."""


def find(evidence: Evidence) -> Finding | None:
    """The engine names the path. The model tells what that path is for."""
    failure = evidence.failure
    if failure is None:
        return None
    path = failure.path
    if failure.kind == "mount":
        return _gone(evidence, path)
    if failure.kind == "mount syntax":
        way = "write it as ./folder:/path/in/the/container, or name:/path/in/the/container"
        step = evidence.then(f"{way}, in {_listed(evidence, path)}")
        return Finding(f"could not start: {evidence.refused}", step)
    if failure.kind == "mount target":
        place = evidence.written("volumes", path) or _used(evidence)
        return Finding(f"could not start: {evidence.refused}", evidence.then(f"correct {place}"), cause="start")
    return None


def _gone(evidence: Evidence, path: str) -> Finding:
    told = f"could not start: {evidence.refused}"
    shown = _shown(evidence, path)
    for kind in ("secrets", "configs"):
        for name, entry in _declared(evidence, kind).items():
            if _same(entry.get("file"), path):
                return Finding(
                    f"{told}: the file of {kind.removesuffix('s')} {name} is missing",
                    evidence.then(f"write {shown}, which holds the {kind.removesuffix('s')} {name}"),
                )
    place = next(
        (
            found
            for each in evidence.service.config.get("volumes") or []
            if isinstance(each, dict) and _same(each.get("source"), path)
            for found in [evidence.written("volumes", str(each.get("target")))]
            if found
        ),
        None,
    )
    where = f"correct {place or _used(evidence)}"
    file = evidence.then(f"write the file {shown}") if _FILE.search(path) else ""
    folder = shell_words.in_turn(shell_words.make_command(Path(path)), evidence.restart)
    return Finding(told, next_step.either(file, folder, evidence.then(where)))


def _declared(evidence: Evidence, kind: str) -> dict[str, Any]:
    """The secrets or configs that the service uses, by name."""
    declared = evidence.model.raw.get(kind) or {}
    used = [
        str(each.get("source") if isinstance(each, dict) else each) for each in evidence.service.config.get(kind) or []
    ]
    return {name: declared[name] or {} for name in used if name in declared}


def _same(source: object, path: str) -> bool:
    return bool(source) and Path(str(source)) == Path(path)


def _shown(evidence: Evidence, path: str) -> str:
    """A path, relative to the project's folder where it lies in it."""
    stack = evidence.model.stack
    if Path(path).is_relative_to(stack.root):
        return Path(path).relative_to(stack.root).as_posix()
    return path


def _listed(evidence: Evidence, text: str) -> str:
    """The place of a volume in the compose files; mostly found by its target, for compose makes the source absolute."""
    # The engine is told `:rw` besides what is written.
    for part in (text.removesuffix(":rw"), *reversed(text.split(":"))):
        if part not in ("", "rw", "ro") and (place := evidence.written("volumes", part)):
            return str(place)
    return _used(evidence)


def _used(evidence: Evidence) -> str:
    """All volumes of the service: which one of them is meant is not known."""
    place = evidence.written("volumes")
    return f"volumes: of {evidence.service.name}{f' ({place})' if place else ''}"
