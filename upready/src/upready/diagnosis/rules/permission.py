"""A file or folder that the program may not read or write: in a container mostly on a volume of another user's."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from upready.diagnosis.evidence import Evidence, Mount
from upready.diagnosis.failure import Finding
from upready.runtime.interface import Container
from upready.support import next_step, shell_words

_QUOTE = "'\"\u2018\u2019"
"""The quotes that programs put around a path."""

_PATH = rf"(?P<path>[^\s:{_QUOTE}]*/[^\s:{_QUOTE}]+)[{_QUOTE}]?: "
"""A path as shells and the programs of coreutils name it; without a slash it could be any word."""

_READ_ONLY = (
    r"Read-only file system: '(?P<path>[^']+)'",
    r"EROFS: read-only file system, \w+ '(?P<path>[^']+)'",
    rf"{_PATH}Read-only file system",
    r'"(?P<path>/[^"]+)" failed \(30: Read-only file system\)',
)
_DENIED = (
    r"Permission denied: '(?P<path>[^']+)'",
    r"EACCES: permission denied, \w+ '(?P<path>[^']+)'",
    rf"{_PATH}(?:Permission denied|Operation not permitted)",
    r'"(?P<path>/[^"]+)" failed \(13: Permission denied\)',
)

_NUMBERS = re.compile(r"\d+(?::\d+)?")
"""A user who is the same in the container and on the engine's machine; a name is known in the image only."""


def find(evidence: Evidence) -> Finding | None:
    """The program names the path. The mount and the user tell why."""
    container = evidence.container
    if container is None:
        return None
    if match := evidence.search(*_READ_ONLY):
        return _read_only(evidence, _whole(evidence, container, match["path"]))
    if match := evidence.search(*_DENIED):
        return _denied(evidence, container, _whole(evidence, container, match["path"]))
    return None


def _whole(evidence: Evidence, container: Container, path: str) -> str:
    """The path in the container, from its root: a relative one is in the folder that its program starts in."""
    if evidence.docker is None:
        return path
    folder = (container.raw.get("Config") or {}).get("WorkingDir") or "/"
    return posixpath.normpath(posixpath.join(folder, path))


def _read_only(evidence: Evidence, path: str) -> Finding:
    mount = evidence.mount_of(path)
    if evidence.docker is None:
        why, way = "its file system is read-only", "let it write elsewhere"
    elif mount is None:
        why = "its root file system is read-only"
        way = f"give {evidence.service.name} a tmpfs or a volume for it, or write elsewhere"
    else:
        why = f"{mount.source or f'the {mount.kind}'} is mounted read-only at {mount.target}"
        way = f"mount {mount.target} without read_only, or write elsewhere"
    return Finding(f"may not write {path}: {why}", evidence.then(way))


def _denied(evidence: Evidence, container: Container, path: str) -> Finding:
    if evidence.docker is None:
        step = shell_words.in_turn(shell_words.access_command(Path(path)), evidence.restart)
        return Finding(f"may not use {path}", step)
    user, name, mount = evidence.user, evidence.service.name, evidence.mount_of(path)
    # What begins as root and is denied a file has become another user, whom only its image knows.
    unknown = user.partition(":")[0] in ("root", "0")
    owner, by = ("USER", "") if unknown else (user, f" as user {user}")
    if mount is None:
        step = evidence.then(f"COPY --chown={owner} it in the Dockerfile, or give {name} a volume there")
        return Finding(f"may not use {path}{by}: that part of its image belongs to another user", step)
    if mount.kind == "tmpfs":
        step = evidence.then(f"give the tmpfs at {mount.target} the option mode=1777, or use a volume")
        return Finding(f"may not use {path}{by}: the tmpfs at {mount.target} belongs to another user", step)
    chown = _chown(mount, container.image, owner)
    change = f"with the user that {name} becomes in the place of USER: {chown}" if unknown else chown
    if mount.kind == "volume":
        told = f"may not use {path}{by}: the volume {mount.source} at {mount.target} belongs to another user"
        return Finding(told, change)
    told = f"may not use {path}{by}: {mount.source}, mounted at {mount.target}, belongs to another user"
    step = next_step.either(change, evidence.then(f"run {name} as its owner (user: in its compose entry)"))
    return Finding(told, step)


def _chown(mount: Mount, image: str, owner: str) -> str:
    """The command that gives a user what is mounted: on the engine's machine only where it has the same users."""
    if mount.kind == "bind" and _NUMBERS.fullmatch(owner):
        return f"sudo chown -R {owner} {shell_words.word(mount.source)}"
    held = shell_words.word(f"{mount.source}:/v")
    return f"docker run --rm --user 0 --entrypoint chown -v {held} {image} -R {owner} /v"
