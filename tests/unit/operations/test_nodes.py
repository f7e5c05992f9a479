"""A machine that is added to a swarm, or is in it already."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from upready.operations import nodes as task
from upready.runtime.swarm import manager, membership, nodes
from upready.runtime.swarm.fleet import Fleet
from upready.runtime.swarm.nodes import Node
from upready.support.errors import EngineError, UsageError


def added(
    monkeypatch: pytest.MonkeyPatch, availability: str, known: tuple[Node, ...]
) -> tuple[list[dict[str, Any]], list[str]]:
    """What `--add` changes of the node n2, and what it tells."""
    changes: list[dict[str, Any]] = []
    told: list[str] = []
    swarm = SimpleNamespace(api=None, fleet=SimpleNamespace(nodes=known), overview=lambda *_: None)
    monkeypatch.setattr(task, "check", lambda _: None)
    monkeypatch.setattr(task, "_begun", lambda *_, **__: swarm)
    monkeypatch.setattr(task, "_provide", lambda *_: None)
    monkeypatch.setattr(membership, "enter", lambda *_: "n2")
    monkeypatch.setattr(manager, "ready", lambda *_: Node("n2", "two", availability=availability))
    monkeypatch.setattr(nodes, "change", lambda _, identifier, **to: changes.append({identifier: to}))
    task.add("two", nodes.WORKER, told.append, begin=False)
    return changes, told


LABEL = {"n2": {"Labels": {"upready.context": "two"}}}


def test_a_new_node_gets_tasks_once_it_has_its_images(monkeypatch: pytest.MonkeyPatch) -> None:
    changes, told = added(monkeypatch, nodes.PAUSE, (Node("n1", "one"),))
    assert (changes, told) == ([LABEL, {"n2": {"Availability": "active"}}], [])


@pytest.mark.parametrize(("availability", "word"), [(nodes.DRAIN, "drained"), (nodes.PAUSE, "paused")])
def test_a_node_that_somebody_has_drained_is_only_told_its_context(
    monkeypatch: pytest.MonkeyPatch, availability: str, word: str
) -> None:
    there = (Node("n1", "one"), Node("n2", "two", availability=availability))
    changes, told = added(monkeypatch, availability, there)
    assert changes == [LABEL]
    assert told == [f"two stays {word}; to let it have tasks: invoke nodes --activate two"]


def test_no_swarm_is_made_for_an_engine_that_cannot_join(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    engine = SimpleNamespace(address="unix:///here", client=SimpleNamespace(api=None, info=dict))

    def silent(context: str) -> None:
        done.append(f"ask {context}")
        raise EngineError("nobody answers")

    monkeypatch.setattr(task, "check", lambda _: None)
    monkeypatch.setattr(task.engine, "connect", lambda: engine)
    monkeypatch.setattr(manager, "begin", lambda _: done.append("begin"))
    monkeypatch.setattr(membership, "refuse_member", silent)
    # When: nobody has said that a swarm may be made. Then: no other engine is asked
    with pytest.raises(UsageError, match="is in no swarm yet"):
        task.add("two", nodes.WORKER, done.append, begin=False)
    assert done == []
    # When: it may be. Then: the other engine is asked first
    with pytest.raises(EngineError):
        task.add("two", nodes.WORKER, done.append, begin=True)
    assert done == ["ask two"]
    # When: it is only told what would be done. Then: what would be refused is
    for yes, wrong in ((False, UsageError), (True, EngineError)):
        with pytest.raises(wrong):
            task.plan("add", "two", yes=yes)


@pytest.mark.parametrize("state", ["down", "unknown"])
def test_a_lost_node_is_forgotten_with_its_data_only_where_that_is_said(
    monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    node = Node("n2", "two", state=state)
    service = {"ID": "s1", "Spec": {"Name": "shop_db", "TaskTemplate": HELD}}
    fleet = Fleet((Node("n1", "one"), node), {"s1": service}, ())
    swarm = SimpleNamespace(
        api=None, fleet=fleet, place=SimpleNamespace(node="n1"), node=lambda _: node, overview=lambda *_: None
    )
    gone: list[str] = []
    told: list[str] = []
    monkeypatch.setattr(task, "connect", lambda _: swarm)
    monkeypatch.setattr(membership, "leave", lambda _, node, __: gone.append(node.id))
    with pytest.raises(UsageError, match="no other node has"):
        task.remove("two", told.append, None)
    with pytest.raises(UsageError, match="no other node has"):
        task.plan("remove", "two")
    assert (gone, told) == ([], [])
    assert [each.does for each in task.plan("remove", "two", yes=True)] == ["remove"]
    task.remove("two", told.append, None, lose=True)
    assert (gone, told) == (["n2"], ["stays on the disk of two: shop_db: shop_data."])


HELD = {
    "ContainerSpec": {"Mounts": [{"Type": "volume", "Source": "shop_data", "Target": "/data"}]},
    "Placement": {"Constraints": ["node.id==n2"]},
}
