"""What must be true after a cell, whatever the area."""

from __future__ import annotations

from tests.faults.scene import Scene


def still_runs(scene: Scene, *, services: tuple[str, ...] = ("web", "worker")) -> None:
    """The services run; whether they were restarted is not asked."""
    assert scene.services() == set(services)


def nothing_runs(scene: Scene) -> None:
    """Nothing of the project runs."""
    assert scene.running() == set()


def private_state(scene: Scene) -> None:
    """What the tasks keep, and `.env`, is for the owner only: where others may not enter, they read nothing."""
    open_ = [each for each in scene.state.iterdir() if not each.is_symlink() and each.stat().st_mode & 0o077]
    assert open_ == []
    kept = [each for each in scene.state.rglob("*") if each.is_file() and "cache" not in each.parts]
    assert [str(each) for each in kept if each.stat().st_mode & 0o077] == []
    assert (scene.root / ".env").stat().st_mode & 0o077 == 0
