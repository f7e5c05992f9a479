"""A file system that is full."""

from __future__ import annotations

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding

_FULL = (
    r"could not resize shared memory segment[^\n]*No space left on device",
    r"No space left on device: '(?P<path>/[^']+)'",
    r"ENOSPC[^\n]*'(?P<path>/[^']+)'",
    r"(?P<path>/[^\s:'\"]+)['\"]?: No space left on device",
    r"No space left on device|\bENOSPC\b|disk quota exceeded|database or disk is full",
)


def find(evidence: Evidence) -> Finding | None:
    """The program names the path. The mount there tells which disk or volume is full."""
    match = evidence.search(*_FULL)
    if match is None:
        return None
    name = evidence.service.name
    path = match.groupdict().get("path")
    if "shared memory" in match[0] or (path or "").startswith("/dev/shm/"):  # noqa: S108 - read, not written
        return Finding("has no space left in /dev/shm, its shared memory", f"raise shm_size of {name}")
    small = [each for each in evidence.mounts if each.kind == "tmpfs"]
    mount = evidence.mount_of(path) if path else small[0] if len(small) == 1 else None
    where = f" for {path}" if path else ""
    if mount is not None and mount.kind == "tmpfs":
        size = f" ({mount.source})" if "size" in mount.source else ""
        return Finding(
            f"has no space left{where}: the tmpfs at {mount.target}{size} is full",
            f"raise the size of the tmpfs at {mount.target}, or use a volume",
        )
    if mount is not None:
        held = "the volume" if mount.kind == "volume" else "the folder"
        return Finding(
            f"has no space left{where}: {held} {mount.source} at {mount.target} is on a full disk",
            "docker system df, then free some space on the engine's machine" if evidence.docker else "free some space",
        )
    disk = "the disk of the engine's machine" if evidence.docker else "the disk"
    return Finding(
        f"has no space left{where}: {disk} is full",
        "docker system df, then free some space: docker builder prune" if evidence.docker else "free some space",
    )
