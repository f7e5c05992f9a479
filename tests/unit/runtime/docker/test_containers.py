"""What becomes of the engine's events; the engine itself is in tests/engine/."""

from __future__ import annotations

from typing import Any

from upready.runtime.docker.containers import Changes
from upready.runtime.docker.engine import ONE_OFF


def event(identifier: str, action: str, **attributes: str) -> dict[str, Any]:
    return {"Action": action, "Actor": {"ID": identifier, "Attributes": attributes}}


def test_one_off_containers_are_no_replicas() -> None:
    events = [
        event("web1", "start", **{ONE_OFF: "False"}),
        event("run1", "start", **{ONE_OFF: "True"}),
        event("run1", "die", **{ONE_OFF: "True"}),
        event("other", "die"),
    ]
    assert list(Changes(events)) == [("web1", "start"), ("other", "die")]
