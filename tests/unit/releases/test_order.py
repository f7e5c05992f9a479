"""In which order services change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.unit import replicas
from upready.releases import order, plan
from upready.releases.plan import Change
from upready.stack import service as services
from upready.stack.model import Model
from upready.stack.selection import Stack

PORT = {"ports": [{"target": 80, "published": "8000"}]}


def names(entries: dict[str, dict[str, Any]], actions: dict[str, str], holder: str = "") -> list[str]:
    found = {name: services.of(name, entry, "shop") for name, entry in entries.items()}
    stack = Stack(root=Path(), environment="prod", files=(), profiles=(), project="shop", timeout=1)
    held = replicas.container(service=holder, ports=(("", 8000, "tcp", 80),))
    changes = [Change(name, action) for name, action in actions.items()]
    return [each.service for each in order.of(Model(found, {}, {}, stack), changes, {holder: [held]})]


def test_what_others_need_comes_first_and_a_gap_last() -> None:
    needs = {"depends_on": {"db": {"condition": "service_started"}}}
    assert names({"a": {}, "db": {}, "web": needs}, {"a": "replaced", "web": "rolled", "db": "rolled"}) == [
        "db",
        "web",
        "a",
    ]
    assert names({"db": {}, "web": needs}, {"web": "rolled", "db": "replaced"}) == ["db", "web"]
    assert names({"db": {}, "web": needs}, {"web": "nothing", "db": "scaled"}) == ["db"]


def test_who_has_a_port_gives_it_up_before_another_gets_it() -> None:
    entries = {"edge": PORT, "web": {}}
    assert names(entries, {"edge": "created", "web": "replaced"}) == ["edge", "web"]
    assert names(entries, {"edge": "created", "web": "replaced"}, holder="web") == ["web", "edge"]
    assert names({"edge": PORT}, {"edge": "created", "old": plan.REMOVED}, holder="old") == ["old", "edge"]
