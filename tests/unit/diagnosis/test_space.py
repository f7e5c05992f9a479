"""No space left: what is full, and how it gets space again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.diagnosis.cases import Machine, replica, told
from upready.diagnosis.rules import space

FREE = "free some space, then: invoke dev"
PRUNE = "docker builder prune\ndocker system df"
SHARED = "has no space left in /dev/shm, its shared memory"
FULL = "No space left on device"


def found(line: str, **given: Any) -> tuple[str, str, str]:
    """What is said of a replica that wrote this line."""
    return told(space.find(replica("starting", line, **given)))


def mounted(*mounts: tuple[str, str, str], **tmpfs: str) -> dict[str, Any]:
    """What the engine says of a container with these mounts, and with a tmpfs at `/NAME` with these options."""
    names = {"volume": "Name", "bind": "Source"}
    listed = [{"Type": kind, names[kind]: source, "Destination": target} for kind, source, target in mounts]
    small = {f"/{name}": options for name, options in tmpfs.items()}
    return {"engine": Machine(), "raw_container": {"Mounts": listed, "HostConfig": {"Tmpfs": small}}}


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("OSError: [Errno 28] No space left on device: '/data/x'", " for /data/x"),
        ("Error: ENOSPC: no space left on device, write '/data/x'", " for /data/x"),
        ("cp: error writing '/data/x': No space left on device", " for /data/x"),
        ("write /data/x: no space left on device", " for /data/x"),
        ("OSError: [Errno 28] No space left on device", ""),
        ("Error: ENOSPC", ""),
        ("write failed: Disk quota exceeded", ""),
        ("sqlite3.OperationalError: database or disk is full", ""),
    ],
)
def test_the_disk_is_full(line: str, path: str) -> None:
    message = f"has no space left{path}: the disk"
    assert found(line) == ("", f"{message} is full", FREE)
    assert found(line, engine=Machine()) == ("", f"{message} of the engine's machine is full", PRUNE)


@pytest.mark.parametrize(
    "line",
    [
        'ERROR:  could not resize shared memory segment "/PostgreSQL.1" to 8 bytes: No space left on device',
        "dd: error writing '/dev/shm/x': No space left on device",
    ],
)
def test_the_shared_memory_is_full(line: str, tmp_path: Path) -> None:
    step = "set shm_size: 256m in the compose entry of web, then: invoke dev"
    assert found(line) == ("", SHARED, step)
    compose = "services:\n  web:\n    shm_size: ${SHARED}\n"
    assert found(line, root=tmp_path, compose=compose)[2] == "invoke env.set SHARED=256m && invoke dev"


def test_another_folder_is_no_shared_memory() -> None:
    assert found(f"dd: error writing '/dev/shmem': {FULL}")[1] == "has no space left for /dev/shmem: the disk is full"


@pytest.mark.parametrize(
    ("options", "size"), [("size=1m", " (size=1m)"), ("rw,size=1m,mode=700", " (rw,size=1m,mode=700)"), ("rw", "")]
)
def test_a_tmpfs_is_full(options: str, size: str) -> None:
    step = "raise the size of the tmpfs at /data, or use a volume, then: invoke dev"
    message = f"the tmpfs at /data{size} is full"
    there = mounted(data=options)
    assert found(f"'/data/x': {FULL}", **there) == ("", f"has no space left for /data/x: {message}", step)
    # Where no path is named, the one small file system is the likeliest.
    assert found(FULL, **there) == ("", f"has no space left: {message}", step)


def test_of_several_nobody_knows_which_is_full() -> None:
    message = "has no space left: the disk of the engine's machine is full"
    assert found(FULL, **mounted(data="size=1m", cache="size=1m")) == ("", message, PRUNE)
    assert found(FULL, **mounted(("volume", "shop_data", "/srv"))) == ("", message, PRUNE)


def test_a_tmpfs_that_does_not_hold_the_path_is_not_to_blame() -> None:
    message = "has no space left for /srv/x: the disk of the engine's machine is full"
    assert found(f"'/srv/x': {FULL}", **mounted(data="size=1m")) == ("", message, PRUNE)


@pytest.mark.parametrize(
    ("mount", "what"),
    [
        (("volume", "shop_data", "/data"), "the volume shop_data at /data is on a full disk"),
        (("bind", "/home/me/data", "/data"), "the folder /home/me/data at /data is on a full disk"),
    ],
)
def test_a_volume_or_folder_is_on_a_full_disk(mount: tuple[str, str, str], what: str) -> None:
    there = mounted(mount, cache="size=1m")
    assert found(f"'/data/x': {FULL}", **there) == ("", f"has no space left for /data/x: {what}", PRUNE)


@pytest.mark.parametrize(
    "line",
    [
        "Error: ENOSPC: System limit for number of file watchers reached, watch '/app'",
        "OSError: [Errno 28] inotify watch limit reached",
        "inotify_add_watch(/app): No space left on device",
    ],
)
def test_too_many_files_that_are_watched_fill_no_disk(line: str) -> None:
    assert found(line, engine=Machine()) == (
        "",
        "may not watch so many files: the limit of the engine's machine is reached",
        "raise the limit there (sysctl fs.inotify.max_user_watches=524288), or watch fewer files, then: invoke dev",
    )


def test_other_words_are_left_to_others() -> None:
    assert space.find(replica("the ENOSPCX of the device", "no space for doubt")) is None
