"""What must be true after a cell, whatever the area."""

from __future__ import annotations

from tests.faults.scene import Scene


def still_runs(scene: Scene, *, services: tuple[str, ...] = ("web", "worker")) -> None:
    """The services run; whether they were restarted is not asked."""
    assert scene.services() == set(services)


def nothing_runs(scene: Scene) -> None:
    """Nothing of the project runs."""
    assert scene.running() == set()
