"""What must be true after the engine was broken under a task."""

from __future__ import annotations

import time

from tests.faults.scene import Scene


def noticed(scene: Scene, *, seconds: float = 3.0) -> None:
    """The task has ended so soon after the engine was broken."""
    assert scene.notes["took"] < seconds, f"{scene.notes['took']:.1f} s"


def ended_within(scene: Scene, *, seconds: float) -> None:
    """The whole task took no longer."""
    assert scene.result.seconds < seconds


def goes_on(scene: Scene, *, seconds: float = 30.0) -> None:
    """What was paused runs on soon after the engine is back."""
    deadline = time.monotonic() + seconds
    while any(each["State"]["Paused"] for each in scene.containers()):
        assert time.monotonic() < deadline, "still paused"
        time.sleep(0.1)
