"""The log of a task on another node, as the manager sends it."""

from __future__ import annotations

from typing import Any, cast

import pytest
from docker.errors import NotFound

from upready.runtime.swarm import cluster
from upready.runtime.swarm.engine import SwarmEngine
from upready.runtime.swarm.tasks import Cluster

TASK = {"ID": "t1", "ServiceID": "s1", "Status": {"State": "running", "ContainerStatus": {"ContainerID": "c1"}}}


class Client:
    """The SDK's client of a manager that has no container itself, and notes what it is asked for."""

    api: Any
    timeout = 60

    def __init__(self) -> None:
        self.api = self
        self.asked: list[str] = []

    def tasks(self) -> list[dict[str, Any]]:
        self.asked.append("all tasks")
        return [TASK]

    def _url(self, path: str, *given: str) -> str:
        return path.format(*given)

    def _get(self, url: str, **_: object) -> str:
        self.asked.append(url)
        return url

    def _raise_for_status(self, response: str) -> None:
        if response.startswith("/containers/"):
            raise NotFound("404 Client Error")


def test_the_tasks_of_the_whole_swarm_are_not_listed_for_a_task_that_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    manager = SwarmEngine(cast("Any", client), None, "n0")
    # When: nobody has looked at its stack yet
    assert str(manager.logs("c1", tail=1)) == "/tasks/t1/logs"
    assert str(manager.logs("nobody", tail=1)) == "None"
    assert client.asked.count("all tasks") == 2
    # When: its stack was looked at
    monkeypatch.setattr(cluster, "look", lambda *_: Cluster({}, (TASK,), {}, {}))
    manager.look("shop")
    assert str(manager.logs("c1", tail=1)) == "/tasks/t1/logs"
    assert client.asked.count("all tasks") == 2
