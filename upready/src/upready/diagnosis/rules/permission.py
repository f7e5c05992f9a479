"""A file or folder that the container's user may not read or write, mostly on a volume."""

from __future__ import annotations

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding

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
    if match := evidence.search(*_READ_ONLY):
        path = match["path"]
        mount = evidence.mount_of(path)
        if mount is not None:
            return Finding(
                f"may not write {path}: {mount.source} is mounted read-only at {mount.target}",
                f"mount {mount.target} without read_only, or write elsewhere",
            )
        return Finding(
            f"may not write {path}: its root file system is read-only",
            f"give {evidence.service.name} a tmpfs or a volume for it, or write elsewhere",
        )
    match = evidence.search(*_DENIED)
    if match is None:
        return None
    path, user = match["path"].rstrip("/."), evidence.user
    mount = evidence.mount_of(path)
    if mount is None:
        return Finding(
            f"may not use {path}, a file of its image, as user {user}",
            f"COPY --chown={user} it in the Dockerfile, or give {evidence.service.name} a volume there",
        )
    who = user if user != "root" else "its user"
    if mount.kind == "volume":
        image = evidence.container.image if evidence.container else evidence.service.image
        return Finding(
            f"may not use {path} as user {user}: the volume {mount.source} at {mount.target} belongs to another user",
            f"docker run --rm --user 0 --entrypoint chown -v {mount.source}:/v {image} -R {who} /v",
        )
    return Finding(
        f"may not use {path} as user {user}: {mount.source}, mounted at {mount.target}, belongs to another user",
        f"chown -R {who} {mount.source}, or run {evidence.service.name} as its owner (user: in its compose entry)",
    )
