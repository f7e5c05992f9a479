"""What must be true after a task had no streams, or was signalled."""

from __future__ import annotations

import psutil

from tests.faults.scene import Scene


def nothing_of(scene: Scene, *, words: list[str]) -> None:
    """No process of this machine runs these words."""
    assert [each.pid for each in psutil.process_iter(["cmdline"]) if each.info["cmdline"] == words] == []


def env_holds(scene: Scene, *, line: str) -> None:
    """`.env` holds a line."""
    assert line in (scene.root / ".env").read_text("utf-8").splitlines()
