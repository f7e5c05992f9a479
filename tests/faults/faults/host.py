"""Copies, moves and shares what lies on this machine: the project's folder, its state, a native database's data."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.scene import Scene
from upready.support import accounts, platform
from upready.support.accounts import Account

_STRANGER = 54321

_HOLD = """
import fcntl, os, sys
number, *paths = sys.argv[1:]
os.setgroups([])
os.setgid(int(number))
os.setuid(int(number))
for path in paths:
    try:
        file = open(path)
        fcntl.flock(file, fcntl.LOCK_SH)
        print("taken:", path, flush=True)
    except OSError as error:
        print(error, flush=True)
print("done", flush=True)
sys.stdin.read()
"""


def copied(scene: Scene, *, how: str) -> Iterator[None]:
    """The task is called in a copy of the project's folder, while the original's services run.

    Args:
        how: `copy`, `backup` with all times, `worktree` of git; `state`, where the state is copied too; `earlier`,
            where an earlier version had it in the project.
    """
    copy = scene.home / "copy" / scene.root.name
    copy.parent.mkdir()
    scene.notes["running"] = scene.running()
    _copy(scene, copy, how)
    scene.call.folder = copy
    mended = scene.prepare("stop")
    mended.folder = copy
    if how == "state":
        state = copy.parent / "state"
        shutil.copytree(scene.state, state, symlinks=True)
        for call in (scene.call, mended):
            call.environment["OPS_STATE_DIR"] = str(state)
    try:
        yield
    finally:
        done = mended.run()
        shutil.rmtree(copy.parent)
        assert done.code == 0, done.said


def _copy(scene: Scene, copy: Path, how: str) -> None:
    if how == "backup":
        program = ["rsync", "-a"] if shutil.which("rsync") else ["cp", "-aT"]
        subprocess.run([*program, f"{scene.root}/", f"{copy}/"], check=True)
    elif how == "worktree":
        git = ["git", "-C", str(scene.root), "-c", "user.name=x", "-c", "user.email=x@example.org"]
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"], ["worktree", "add", "-q", str(copy)]):
            subprocess.run([*git, *words], check=True, capture_output=True)
        shutil.rmtree(scene.root / ".git")
    else:
        shutil.copytree(scene.root, copy, symlinks=True)
    if how == "earlier":
        (copy / ".ops").mkdir()
        (copy / ".ops" / ".gitignore").write_text("*\n", encoding="utf-8")
        shutil.copytree(next(scene.state.glob("*/native")), copy / ".ops" / "native")


def renamed(scene: Scene, *, link: bool = False, copied: str = "") -> Iterator[None]:
    """The project's folder has another name when the task is called, while its services run.

    Args:
        link: Whether it has that as well, by a link.
        copied: Where the task is called when the folder was copied to its old name: in the `copy`, or the `original`.
    """
    other = scene.root.with_name("renamed")
    if link:
        other.symlink_to(scene.root, target_is_directory=True)
    else:
        scene.root.rename(other)
    if copied:
        shutil.copytree(other, scene.root, symlinks=True)
    scene.call.folder = scene.root if copied == "copy" else other
    scene.notes["running"] = scene.running()
    try:
        yield
    finally:
        if link:
            other.unlink()
        else:
            if copied:
                shutil.rmtree(scene.root)
            other.rename(scene.root)


def umask(scene: Scene, *, mask: int) -> Iterator[None]:
    """The task is called in a terminal with an umask."""
    scene.call.popen["umask"] = mask
    yield


def held_by_another_user(scene: Scene) -> Iterator[None]:
    """Another user of the machine holds whatever of the state may be opened, and so may be locked."""
    _only_root()
    found = [str(each) for each in scene.state.rglob("*") if each.is_file()]
    assert found
    command = [sys.executable, "-c", _HOLD, str(_STRANGER), *found]
    with subprocess.Popen(
        command, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as stranger:
        assert stranger.stdin
        assert stranger.stdout
        said = list(iter(stranger.stdout.readline, "done\n"))
        scene.notes["taken"] = [each for each in said if each.startswith("taken")]
        yield
        stranger.stdin.close()


def owned(scene: Scene, *, by: int) -> Iterator[None]:
    """The data of the database belongs to a user by number, as an earlier version of the tasks has left it."""
    _only_root()
    found = [*scene.state.glob("*/native/db/data")]
    if not found:  # it has not run yet
        scene.ok("dev")
        scene.ok("stop")
        found = [*scene.state.glob("*/native/db/data")]
    Account(by, by).give(found[0])
    yield


def closed_home(scene: Scene) -> Iterator[None]:
    """Only its owner may enter what is above the project and the state, as it is in root's home."""
    scene.home.chmod(0o700)
    try:
        yield
    finally:
        scene.home.chmod(0o755)


def root(scene: Scene) -> Iterator[None]:
    """The task is root's, who has files that nobody else may read."""
    _only_root()
    secret = scene.home / "of root"
    secret.write_text(scene.canary, encoding="utf-8")
    secret.chmod(0o600)
    yield


def _only_root() -> None:
    if os.name != "posix" or not platform.privileged() or not accounts.HERE.exists():
        pytest.skip("needs root, on Linux")
