"""Containers that are held still: what an engine cannot do with one is told, and all others are given back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import requests
from docker.errors import APIError

from upready.data import guard
from upready.support.errors import DataError


class Api:
    """An engine that answers 500 for some containers, and leaves each as `states` says."""

    def __init__(self, states: dict[str, dict[str, bool]]) -> None:
        self.states, self.asked = states, list[str]()

    def _do(self, name: str) -> None:
        self.asked.append(name)
        if name in self.states:
            response = requests.Response()
            response.status_code = 500
            raise APIError("500", response, "the engine has its reasons")

    pause = unpause = stop = start = _do

    def inspect_container(self, name: str) -> dict[str, Any]:
        return {"Name": f"/{name}", "State": self.states[name]}


def each(action: str, states: dict[str, dict[str, bool]]) -> list[str]:
    """The containers that were asked, of which the second and others may fail."""
    api = Api(states)
    connected: Any = SimpleNamespace(client=SimpleNamespace(api=api))
    try:
        guard._each(connected, action, ["shop-a-1", "shop-b-1", "shop-c-1"])
    finally:
        assert api.asked == ["shop-a-1", "shop-b-1", "shop-c-1"]
    return api.asked


@pytest.mark.parametrize(
    ("action", "state", "told"),
    [
        ("pause", {"Running": True, "Paused": False}, "shop-b-1 cannot be paused"),
        ("stop", {"Running": True, "Paused": False}, "shop-b-1 cannot be stopped"),
        ("start", {"Running": False, "Paused": False}, "shop-b-1 cannot be started again"),
        ("unpause", {"Running": True, "Paused": True}, "shop-b-1 cannot be let go on"),
    ],
)
def test_what_cannot_be_done_is_told(action: str, state: dict[str, bool], told: str) -> None:
    """One that goes on writing while it is read makes a backup that is none; one that stays stopped serves nobody."""
    with pytest.raises(DataError, match=told) as refused:
        each(action, {"shop-b-1": state})
    assert refused.value.details[0] == "the engine has its reasons"


def test_one_that_has_ended_is_left_alone() -> None:
    assert each("pause", {"shop-b-1": {"Running": False, "Paused": False}})
    assert each("stop", {"shop-a-1": {"Running": False, "Paused": False}})
