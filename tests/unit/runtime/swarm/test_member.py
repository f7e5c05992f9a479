"""The engines of other nodes: which one has a container, and what is where one is asked that is not there yet."""

from __future__ import annotations

from typing import Any, cast

import pytest

from tests.unit.runtime.swarm.test_tasks import SERVICE, seen, task
from upready.runtime.docker.containers import Containers
from upready.runtime.swarm import engine, member
from upready.runtime.swarm.engine import SwarmEngine
from upready.runtime.swarm.tasks import Cluster
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


def test_what_ended_before_in_its_place_is_the_last_task_that_failed_there(monkeypatch: pytest.MonkeyPatch) -> None:
    killed = {"Err": "task: non-zero exit (137)", "ContainerStatus": {"ContainerID": "c2", "ExitCode": 137}}
    first, second = task("failed", 1, wanted="shutdown"), task("failed", 2, wanted="shutdown", status=killed)
    now, other = task("running", 3), task("failed", 4, slot=2, wanted="shutdown")
    manager = SwarmEngine(cast("Any", Client()), None, "n0")

    def unreached(_: object) -> None:
        raise EngineError("nobody answers", next="invoke doctor")

    monkeypatch.setattr(manager, "at", unreached)
    monkeypatch.setattr(manager, "look", lambda _: Cluster({"s1": SERVICE}, (first, second, now, other), {}, {}))
    (container,) = (each for each in manager.look("shop").containers() if each.state == "running")
    ended = manager.ended("shop", container)
    assert ended is not None
    assert (ended.id, ended.state, ended.exit_code, ended.restarts) == ("c2", "restarting", 137, 2)
    # And: one that has not failed yet has none before it
    monkeypatch.setattr(manager, "look", lambda _: Cluster({"s1": SERVICE}, (now,), {}, {}))
    assert manager.ended("shop", container) is None
