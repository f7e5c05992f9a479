"""A machine that is added to a swarm, or is in it already."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from upready.operations import nodes as task
from upready.runtime.swarm import manager, membership, nodes
from upready.runtime.swarm.nodes import Node


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
