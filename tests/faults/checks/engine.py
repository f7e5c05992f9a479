"""What must be true after the engine was broken under a task."""

from __future__ import annotations

from tests.faults.scene import Scene


def noticed(scene: Scene, *, seconds: float = 3.0) -> None:
    """The task has ended so soon after the engine was broken."""
    assert scene.notes["took"] < seconds, f"{scene.notes['took']:.1f} s"


def ended_within(scene: Scene, *, seconds: float) -> None:
    """The whole task took no longer."""
    assert scene.result.seconds < seconds
