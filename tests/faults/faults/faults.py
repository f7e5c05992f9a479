"""Breaks files and folders of the project."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator

from tests.faults.scene import Scene


def file(scene: Scene, *, path: str, **how: str) -> Iterator[None]:
    """Put something else in the place of a file of the project.

    Args:
        path: Relative to the project.
        how: `as`: loop, folder, pipe, missing, binary, empty, dangling, large, deep; or `text`: what it holds.
    """
    target = scene.root / path
    kept = scene.home / "kept"
    if target.exists():
        target.rename(kept)
    as_ = how.get("as", "")
    if "text" in how:
        target.write_text(how["text"], encoding="utf-8")
    elif as_ == "loop":
        target.symlink_to(target.name)
    elif as_ == "dangling":
        target.symlink_to("nowhere")
    elif as_ == "folder":
        target.mkdir()
    elif as_ == "pipe":
        os.mkfifo(target)
    elif as_ == "binary":
        target.write_bytes(bytes(range(256)) * 4)
    elif as_ == "empty":
        target.touch()
    elif as_ == "deep":
        target.write_text("a: " + "[" * 5000 + "]" * 5000, encoding="utf-8")
    else:
        assert as_ == "missing", f"file: no such thing as {as_}"
    try:
        yield
    finally:
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)
        if kept.exists():
            kept.rename(target)


def engine_frozen(scene: Scene) -> Iterator[None]:
    """The engine answers nobody; the cell needs one of its own."""
    assert scene.engine, "engine: own"
    scene.engine.freeze()
    try:
        yield
    finally:
        scene.engine.thaw()


def engine_gone(scene: Scene) -> Iterator[None]:
    """The engine is killed, and comes back when the task has ended; the cell needs one of its own."""
    assert scene.engine, "engine: own"
    scene.engine.end(signal.SIGKILL)
    try:
        yield
    finally:
        scene.engine.restart()
