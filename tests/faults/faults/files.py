"""Breaks what the tasks read and write: files of the project, their own state, the path, the user, the disk."""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from docker import errors
from tests.faults.scene import Scene
from upready.runtime.native import paths
from upready.support import state

_BOMB = "x0: &a0 [a, a]\n" + "".join(f"x{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
"""Aliases that stand for more values than compose reads in a minute."""

STRANGER = 54321
"""A user id that has no entry, and no home."""


def put(scene: Scene, *, where: str, as_: str = "", text: str = "") -> Iterator[None]:
    """Put something else in the place of a file or folder, and put the old one back.

    Args:
        where: Relative to the project; `state:NAME`, `service:NAME` are the tasks' own, of the project or of `web`.
        as_: folder, pipe, socket, loop, device, link, large, binary, deep, bomb; or `text`: what it holds.
    """
    target, kept = _place(scene, where), scene.home / "put-aside"
    target.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(target):
        target.rename(kept)
    _make(target, as_, text, scene)
    try:
        yield
    finally:
        _remove(target)
        if os.path.lexists(kept):
            kept.rename(target)


def record_with(scene: Scene, *, key: str, value: Any) -> Iterator[None]:
    """Give one value of the record of a running service a value that no version wrote."""
    file = _place(scene, f"service:{paths.RECORD}")
    before = file.read_text("utf-8")
    content = json.loads(before)
    *path, last = key.split(".")
    functools.reduce(lambda inner, name: inner[name], path, content)[last] = value
    file.write_text(json.dumps(content), encoding="utf-8")
    try:
        yield
    finally:
        # The task may have removed it, and what was started of it.
        if file.parent.exists() and file.exists():
            file.write_text(before, encoding="utf-8")


def closed(scene: Scene, *, where: str) -> Iterator[None]:
    """The project is another user's, who may not read one thing of it; root's, as `sudo invoke dev` leaves it."""
    target = _place(scene, where)
    with _given_away(scene):
        os.chown(target, 0, 0)
        target.chmod(0o700 if target.is_dir() else 0o600)
        yield


def stranger(scene: Scene) -> Iterator[None]:
    """A user id without an entry, without a home folder, and without any variable but PATH."""
    with _given_away(scene):
        kept = ("PATH", "PYTHONPATH", "OPS_STATE_DIR", "DOCKER_HOST", "INVOKE_OPS_RUNTIME", "COMPOSE_PROJECT_NAME")
        scene.call.environment = {name: value for name, value in scene.call.environment.items() if name in kept}
        yield


def label(scene: Scene, *, name: str, value: str) -> Iterator[None]:
    """A container of the project whose label somebody wrote by hand."""
    labels = {
        "com.docker.compose.project": scene.name,
        "com.docker.compose.service": "web",
        "com.docker.compose.container-number": "7",
        "com.docker.compose.oneoff": "False",
        "com.docker.compose.project.working_dir": str(scene.root),
        name: value,
    }
    made = scene.client.containers.create("python:3.13-slim", ["sleep", "1"], labels=labels, network_mode="none")
    try:
        yield
    finally:
        with contextlib.suppress(errors.NotFound):  # the task itself has removed it
            made.remove(force=True, v=True)


def full_disk(scene: Scene, *, whose: str) -> Iterator[None]:
    """The disk of the tasks' state, or of the project, is full: the folder lies on one of its own, of 2 MB.

    Args:
        whose: state, or fresh: the same before the tasks have kept anything.
    """
    disk = scene.home / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        disk.rmdir()
        pytest.skip("this user may not mount a disk")
    try:
        place = disk / "state"
        if whose == "state":
            shutil.copytree(scene.state, place, ignore=shutil.ignore_patterns("cache"), symlinks=True)
        scene.call.environment["OPS_STATE_DIR"] = str(place)
        _fill(disk / "fill")
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True, capture_output=True)
        disk.rmdir()


def elsewhere(scene: Scene, *, folder: str) -> Iterator[None]:
    """The project lies in a folder of this name, copied there; nothing of it runs."""
    above = scene.home / "elsewhere"
    target = above / folder
    target.parent.mkdir()
    shutil.copytree(scene.root, target)
    scene.call.folder = target
    scene.call.environment["OPS_STATE_DIR"] = str(above / "its-state")
    # A name of its own, so that nothing of the scene is touched.
    scene.call.environment["COMPOSE_PROJECT_NAME"] = f"{scene.name}-elsewhere"
    try:
        yield
    finally:
        _stop(scene, target)
        shutil.rmtree(above)


def gone_folder(scene: Scene) -> Iterator[None]:
    """The current folder is removed while a shell is in it; the project is named by --search-root."""
    gone = scene.home / "gone"
    gone.mkdir()
    scene.call.folder = gone
    scene.call.words = ["--search-root", str(scene.root), *scene.call.words]
    scene.call.popen["preexec_fn"] = gone.rmdir
    yield


def _place(scene: Scene, where: str) -> Path:
    kind, _, name = where.rpartition(":")
    own = scene.state / state.name(str(scene.root))
    if kind == "state":
        return own / name if name else scene.state
    return own / paths.FOLDER / "web" / name if kind == "service" else scene.root / name


def _make(target: Path, as_: str, text: str, scene: Scene) -> None:
    def sparse() -> None:
        target.touch()
        os.truncate(target, 1 << 31)

    made: dict[str, Callable[[], object]] = {
        "folder": target.mkdir,
        "pipe": lambda: os.mkfifo(target),
        "loop": lambda: target.symlink_to(target.name),
        "device": lambda: target.symlink_to("/dev/zero"),
        "link": lambda: target.symlink_to(scene.root / "compose.yaml"),
        "large": sparse,
        "binary": lambda: target.write_bytes(bytes(range(256)) * 4),
        "bomb": lambda: target.write_text(_BOMB, encoding="utf-8"),
        "deep": lambda: target.write_text("a: " + "[" * 200_000 + "]" * 200_000, encoding="utf-8"),
    }
    if as_:
        made[as_]()
    else:
        target.write_text(text, encoding="utf-8")


def _remove(target: Path) -> None:
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    else:
        target.unlink(missing_ok=True)


class _given_away:  # noqa: N801 - a context
    """The project and its state belong to the stranger, who calls the task."""

    def __init__(self, scene: Scene) -> None:
        if os.geteuid():
            pytest.skip("only root may give files away")
        self._scene = scene

    def __enter__(self) -> None:
        scene = self._scene
        _give(scene, STRANGER)
        # invoke itself looks for its settings there, and meets root's with a traceback.
        scene.call.environment["HOME"] = str(scene.temporary)
        scene.call.prefix = [
            "setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups", *scene.call.prefix,
        ]  # fmt: skip

    def __exit__(self, *_: object) -> None:
        _give(self._scene, 0)


def _give(scene: Scene, owner: int) -> None:
    for top in (scene.root, scene.state):
        for folder, folders, files in os.walk(top):
            for name in (*folders, *files):
                os.chown(Path(folder, name), owner, owner, follow_symlinks=False)
        os.chown(top, owner, owner)


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as out:
        for size in (1 << 16, 512, 1):
            try:
                while True:
                    out.write(b"x" * size)
            except OSError as error:
                assert error.errno == errno.ENOSPC


def _stop(scene: Scene, folder: Path) -> None:
    """End what a task has started in another folder."""
    call = scene.prepare("stop")
    call.folder, call.environment = folder, scene.call.environment
    assert call.run().code == 0
