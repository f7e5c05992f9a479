"""How an engine joins a swarm where that takes longer than it waits itself."""

from __future__ import annotations

from typing import Any

import pytest
from docker.errors import APIError

from upready.runtime.swarm import manager
from upready.support.errors import EngineError


class Api:
    """An engine whose answer comes too late."""

    def __init__(self, *, manages: bool) -> None:
        self._manages = manages
        self.left = False

    def _url(self, path: str) -> str:
        return path

    def _post_json(self, url: str, **_: object) -> str:
        return url

    def _raise_for_status(self, _: str) -> None:
        raise APIError("503 Server Error", explanation="Timeout was reached before node joined.")

    def info(self) -> dict[str, Any]:
        return {"Swarm": {"LocalNodeState": "pending", "NodeID": "n2", "ControlAvailable": self._manages}}

    def leave_swarm(self, *, force: bool) -> None:
        assert force
        self.left = True


def test_a_node_that_does_not_get_in_goes_on_trying_no_more() -> None:
    api = Api(manages=False)
    with pytest.raises(EngineError, match="could not join the swarm"):
        manager.join(api, ["10.0.0.1:2377"], "SWMTKN-1", "two")
    assert api.left


def test_a_manager_that_was_slow_is_not_taken_away_from_those_that_decide() -> None:
    api = Api(manages=True)
    assert manager.join(api, ["10.0.0.1:2377"], "SWMTKN-1", "two") == "n2"
    assert not api.left
