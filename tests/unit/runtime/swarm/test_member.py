"""The engines of other nodes: which one has a container, and what is where one is asked that is not there yet."""

from __future__ import annotations

from typing import Any, cast

import pytest

from tests.unit.runtime.swarm.test_tasks import seen, task
from upready.runtime.docker.containers import Containers
from upready.runtime.swarm import engine, member
from upready.runtime.swarm.engine import SwarmEngine
from upready.support.errors import EngineError, UsageError


class Client:
    """The SDK's client of a manager of two nodes of one name."""

    api: Any

    def __init__(self) -> None:
        self.api = self

    def nodes(self) -> list[dict[str, Any]]:
        found = {"Spec": {"Labels": {"upready.context": "there"}}, "Description": {"Hostname": "alpha"}}
        return [{"ID": "n1", **found}, {"ID": "n2", **found}]


def test_of_two_nodes_with_one_name_nobody_knows_which_one_has_the_data() -> None:
    (container,) = seen(task("running", 1))
    manager = SwarmEngine(cast("Any", Client()), None, "n0")
    with pytest.raises(UsageError, match="2 nodes have that name"):
        member.of(manager, container)


def test_a_node_that_does_not_answer_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    (container,) = seen(task("running", 1))
    asked = []

    def silent(manager: Containers, _: object) -> member.Member:
        asked.append(manager)
        raise EngineError("nobody answers", next="invoke doctor")

    monkeypatch.setattr(member, "of", silent)
    manager = SwarmEngine(cast("Any", Client()), None, "n0")
    for _ in range(2):
        with pytest.raises(EngineError):
            manager.at(container)
    assert len(asked) == 1


def test_a_task_that_swarm_has_not_made_yet_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "LOOK_EVERY", 0)
    (before,), (after,) = seen(task("running", 1)), seen(task("running", 2))
    looks = [[], seen(task("starting", 2)), [after]]
    manager = SwarmEngine(cast("Any", Client()), None, "n0")
    monkeypatch.setattr(manager, "containers", lambda _: looks.pop(0))
    assert manager.now("shop", before) == after
