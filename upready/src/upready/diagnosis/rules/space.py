"""A file system that is full, or too many files that are watched."""

from __future__ import annotations

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.support import next_step

_FULL = (
    r"could not resize shared memory segment[^\n]*No space left on device",
    r"No space left on device: '(?P<path>/[^']+)'",
    r"ENOSPC[^\n]*'(?P<path>/[^']+)'",
    r"(?P<path>/[^\s:'\"]+)['\"]?: No space left on device",
    r"No space left on device|\bENOSPC\b|disk quota exceeded|database or disk is full",
)

_WATCHED = r"file watchers reached|watch limit reached|inotify_add_watch[^\n]*No space left"
"""The kernel gives the same error where a program watches too many files."""


def find(evidence: Evidence) -> Finding | None:
    """The program names the path. The mount there tells which disk or volume is full."""
    if evidence.search(_WATCHED):
        return Finding(
            "may not watch so many files: the limit of the engine's machine is reached",
            evidence.then("raise the limit there (sysctl fs.inotify.max_user_watches=524288), or watch fewer files"),
        )
    match = evidence.search(*_FULL)
    if match is None:
        return None
    path = match.groupdict().get("path")
    if "shared memory" in match[0] or (path or "").startswith("/dev/shm/"):  # noqa: S108 - read, not written
        step = evidence.change(("shm_size",), "256m")
        return Finding("has no space left in /dev/shm, its shared memory", step)
    small = [each for each in evidence.mounts if each.kind == "tmpfs"]
    mount = evidence.mount_of(path) if path else small[0] if len(small) == 1 else None
    full = "the disk of the engine's machine is full" if evidence.docker else "the disk is full"
    step = evidence.then("free some space")
    if evidence.docker:
        step = next_step.either("docker builder prune", "docker system df")
    if mount is not None and mount.kind == "tmpfs":
        size = f" ({mount.source})" if "size" in mount.source else ""
        full = f"the tmpfs at {mount.target}{size} is full"
        step = evidence.then(f"raise the size of the tmpfs at {mount.target}, or use a volume")
    elif mount is not None:
        held = "the volume" if mount.kind == "volume" else "the folder"
        full = f"{held} {mount.source} at {mount.target} is on a full disk"
    return Finding(f"has no space left{f' for {path}' if path else ''}: {full}", step)
