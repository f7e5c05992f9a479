"""A file or folder that the container's user may not read or write, mostly on a volume."""

from __future__ import annotations

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.support import next_step, shell_words

_QUOTE = "'\"\u2018\u2019"
"""The quotes that programs put around a path."""

_READ_ONLY = (
    r"Read-only file system: '(?P<path>/[^']+)'",
    r"EROFS: read-only file system, \w+ '(?P<path>/[^']+)'",
    rf"(?P<path>/[^\s:{_QUOTE}]+)[{_QUOTE}]?: Read-only file system",
)
_DENIED = (
    r"Permission denied: '(?P<path>/[^']+)'",
    r"EACCES: permission denied, \w+ '(?P<path>/[^']+)'",
    rf"(?:directory|file|create|open|touch|access|of) [{_QUOTE}]?(?P<path>/[^\s:{_QUOTE}]+)[{_QUOTE}]?: "
    r"(?:Permission denied|Operation not permitted)",
    r"(?P<path>/[^\s:'\"]+)['\"]?: (?:Permission denied|Operation not permitted)",
)


def find(evidence: Evidence) -> Finding | None:
    """The program names the path. The mount and the user tell why."""
    name, user = evidence.service.name, evidence.user
    if match := evidence.search(*_READ_ONLY):
        path, mount = match["path"], evidence.mount_of(match["path"])
        if mount is not None:
            why = f"{mount.source} is mounted read-only at {mount.target}"
            step = evidence.then(f"mount {mount.target} without read_only, or write elsewhere")
        else:
            why = "its root file system is read-only"
            step = evidence.then(f"give {name} a tmpfs or a volume for it, or write elsewhere")
        return Finding(f"may not write {path}: {why}", step)
    match = evidence.search(*_DENIED)
    if match is None:
        return None
    path = match["path"].rstrip("/.")
    mount, owner = evidence.mount_of(path), user if user != "root" else "its user"
    told = f"may not use {path} as user {user}: "
    if mount is None:
        told = f"may not use {path}, a file of its image, as user {user}"
        step = evidence.then(f"COPY --chown={user} it in the Dockerfile, or give {name} a volume there")
    elif mount.kind == "volume":
        told += f"the volume {mount.source} at {mount.target} belongs to another user"
        image = evidence.container.image if evidence.container else evidence.service.image
        step = f"docker run --rm --user 0 --entrypoint chown -v {mount.source}:/v {image} -R {owner} /v"
    else:
        told += f"{mount.source}, mounted at {mount.target}, belongs to another user"
        step = next_step.either(
            f"sudo chown -R {owner} {shell_words.word(mount.source)}",
            evidence.then(f"run {name} as its owner (user: in its compose entry)"),
        )
    return Finding(told, step)
