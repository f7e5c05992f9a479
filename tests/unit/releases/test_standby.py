"""Which new containers are made while the old ones serve, and started without compose."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.unit.replicas import container, service
from upready.releases import standby
from upready.stack.model import Model
from upready.stack.selection import Stack

OLD, NEW = container(id="old1"), container(id="new1")


class Engine:
    """An engine on which compose makes one more container."""

    def __init__(self) -> None:
        self.found = [OLD]

    def make(self, *_: object) -> None:
        self.found.append(NEW)

    def containers(self, _: str) -> list[Any]:
        return self.found


@pytest.mark.parametrize(
    ("section", "entry", "possible"),
    [
        ("secrets", {"file": "./key"}, True),
        ("secrets", {"external": True}, True),
        ("secrets", {"environment": "KEY"}, False),
        ("configs", {"file": "./conf"}, True),
        ("configs", {"content": "a"}, False),
        ("configs", {"environment": "CONF"}, False),
        ("configs", None, True),
    ],
)
def test_what_compose_writes_into_a_container_at_its_start_is_left_to_compose(
    section: str, entry: Mapping[str, Any] | None, possible: bool
) -> None:
    engine: Any = Engine()
    web = service("web", **{section: [{"source": "it"}]})
    stack = Stack(root=Path(), environment="prod", files=(), profiles=(), project="shop", timeout=1)
    model = Model({"web": web}, {}, {section: {"it": entry, "other": {"environment": "X", "content": "x"}}}, stack)
    assert standby.make(engine, model, web, [OLD]) == ([NEW] if possible else [])
    assert engine.found == ([OLD, NEW] if possible else [OLD])
