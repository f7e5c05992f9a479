"""What must be true of what lies on this machine."""

from __future__ import annotations

import json
import os

from tests.faults.scene import Scene


def untouched(scene: Scene) -> None:
    """Every process that ran before still does."""
    assert scene.running() >= scene.notes["running"]


def is_this_project(scene: Scene) -> None:
    """What the task told, with --json, is that the services run."""
    told = json.loads(scene.result.out)["services"]
    assert {each["service"]: each["state"] for each in told} == {"web": "running", "worker": "running"}


def private(scene: Scene) -> None:
    """Nobody but their owner may do anything with what the tasks keep; the folder itself is the user's."""
    found = [each for each in scene.state.rglob("*") if not each.is_symlink()]
    assert found
    assert [str(each) for each in found if each.stat().st_mode & 0o077] == []


def not_taken(scene: Scene) -> None:
    """Nobody else could open anything."""
    assert scene.notes["taken"] == []


def database_of_nobody_else(scene: Scene) -> None:
    """All data of the database belongs to the user that it runs as, who is neither root nor nobody."""
    (data,) = scene.state.glob("*/native/db/data")
    owners = {each.lstat().st_uid for each in (data, *data.rglob("*"))}
    assert len(owners) == 1
    assert owners.isdisjoint({0, 65534, os.geteuid()})
    assert {each.uids().effective for each in scene.processes() if each.name().startswith("postgres")} <= owners
