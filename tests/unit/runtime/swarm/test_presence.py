"""Whether a stack runs in Swarm, asked of engines that are in none, and of managers that cannot say."""

from __future__ import annotations

from typing import Any, cast

import pytest
from docker.errors import APIError

from tests.unit.replicas import container
from upready.runtime.docker.containers import Containers
from upready.runtime.swarm import presence
from upready.support.errors import EngineError


class Client:
    """The SDK's client of an engine that refuses to list services."""

    api: Any
    base_url = "unix:///run/docker.sock"

    def __init__(self, said: str) -> None:
        self.api, self._said = self, said

    def containers(self, **_: object) -> list[dict[str, Any]]:
        return []

    def services(self, filters: object) -> list[dict[str, Any]]:
        raise APIError("503 Server Error", explanation=self._said)


def engine(said: str) -> Containers:
    return Containers(cast("Any", Client(said)), None)


@pytest.mark.parametrize("why", ["", "Worker nodes can't be used to view or modify cluster state."])
def test_nothing_runs_in_swarm_on_an_engine_that_manages_none(why: str) -> None:
    assert not presence.runs(engine(f"This node is not a swarm manager. {why}"), "shop")


@pytest.mark.parametrize(
    ("said", "message", "step"),
    [
        (
            "rpc error: code = Unknown desc = The swarm does not have a leader. It's possible that too few managers are"
            " online. Make sure more than half of the managers are online.",
            "the swarm has no leader",
            "start the other managers again",
        ),
        (
            'Swarm is encrypted and needs to be unlocked before it can be used. Please use "docker swarm unlock" to'
            " unlock it.",
            "is a manager that is locked",
            "docker swarm unlock",
        ),
    ],
)
def test_a_stack_is_not_taken_for_gone_where_its_swarm_cannot_say(
    said: str, message: str, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = engine(said)
    with pytest.raises(EngineError, match=message) as raised:
        presence.runs(asked, "shop")
    assert step in raised.value.next
    # What compose runs on the engine is found there as before.
    monkeypatch.setattr(asked, "containers", lambda _: [container()])
    assert not presence.runs(asked, "shop")
