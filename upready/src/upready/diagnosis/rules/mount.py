"""A file or folder of the host that is to be mounted and is not there, or a volume that is written wrongly."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.support import next_step, shell_words

_GONE = (
    r"bind source path does not exist: (?P<path>.+?)\s*$",
    r"error mounting \"(?P<path>[^\"]+)\"[^\n]*: no such file or directory",
    r"failed to (?:mount local volume|populate volume)[^\n]*?(?:mount |lstat |/)(?P<path>/[^\s:]+)[^\n]*no such file",
    r"error while mounting volume '[^']*'[^\n]*(?:mount |lstat )(?P<path>/[^\s:]+)[^\n]*no such file",
    r"error while creating mount source path '(?P<path>[^']+)'",
)
_ONTO = r"error mounting \"[^\"]+\" to rootfs at \"(?P<target>[^\"]+)\""
_WRONG = r"invalid volume specification: '(?P<text>[^'\n]*)'|invalid mount path: '(?P<path>[^'\n]*)'|mount type unknown"


def find(evidence: Evidence) -> Finding | None:
    """Told by the engine's words; the model says what that path is for."""
    for pattern in _GONE:
        if match := re.search(pattern, evidence.said, re.MULTILINE):
            return _gone(evidence, match["path"])
    if match := re.search(_WRONG, evidence.said):
        text = next((each for each in match.groups() if each), "")
        # The engine is told `:rw` besides what is written.
        place = evidence.written("volumes", text.removesuffix(":rw")) or _listed(evidence, text)
        return Finding(
            "mount",
            f"could not start: {evidence.said_briefly}",
            evidence.then(f"write it as ./folder:/path/in/the/container, or name:/path/in/the/container, in {place}"),
        )
    if "tmpfs" not in evidence.said and (match := re.search(_ONTO, evidence.said)):
        place = evidence.written("volumes", match["target"]) or _used(evidence)
        return Finding("start", f"could not start: {evidence.said_briefly}", evidence.then(f"correct {place}"))
    return None


def _gone(evidence: Evidence, path: str) -> Finding:
    told = f"could not start: {evidence.said_briefly}"
    shown = _shown(evidence, path)
    for kind in ("secrets", "configs"):
        for name, entry in _declared(evidence, kind).items():
            if _same(entry.get("file"), path):
                return Finding(
                    "mount",
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
    where = f"correct {place}" if place else f"correct volumes: of {evidence.service.name}"
    folder = shell_words.in_turn(shell_words.make_command(Path(path)), evidence.restart)
    return Finding("mount", told, next_step.either(folder, evidence.then(where)))


def _declared(evidence: Evidence, kind: str) -> dict[str, Any]:
    """The secrets or configs that the service uses, by name."""
    declared = evidence.model.raw.get(kind) or {}
    used = [
        str(each.get("source") if isinstance(each, dict) else each) for each in evidence.service.config.get(kind) or []
    ]
    return {name: declared[name] or {} for name in used if name in declared}


def _same(source: object, path: str) -> bool:
    return bool(source) and (str(source) == path or Path(str(source)) == Path(path))


def _shown(evidence: Evidence, path: str) -> str:
    """A path, relative to the project's folder where it lies in it."""
    stack = evidence.model.stack
    if Path(path).is_relative_to(stack.root):
        return Path(path).relative_to(stack.root).as_posix()
    return path


def _listed(evidence: Evidence, text: str) -> str:
    """Where the volume stands that the engine was told of: its paths are made absolute, so its target tells it."""
    for part in reversed(text.split(":")):
        if part not in ("rw", "ro") and (place := evidence.written("volumes", part)):
            return str(place)
    return _used(evidence)


def _used(evidence: Evidence) -> str:
    return str(evidence.written("volumes") or f"volumes: of {evidence.service.name}")
