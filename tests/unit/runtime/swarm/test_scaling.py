"""Services that get no replicas for a while, and get them back."""

from __future__ import annotations

from typing import Any

import pytest

from upready.runtime.swarm import scaling
from upready.support.errors import EngineError


class Api:
    """A manager that knows one service, of whose tasks each look tells the next state."""

    def __init__(self, *looks: list[dict[str, Any]]) -> None:
        self.looks = list(looks)
        self.done: list[str] = []

    def tasks(self, filters: dict[str, str]) -> list[dict[str, Any]]:
        self.done.append("look")
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    def inspect_service(self, service: str) -> dict[str, Any]:
        return {"Spec": {"Name": service, "Mode": {"Replicated": {"Replicas": 1}}}, "Version": {"Index": 7}}

    def _url(self, path: str, *_: str) -> str:
        return path

    def _post_json(self, _: str, data: dict[str, Any], params: dict[str, Any]) -> None:
        assert params == {"version": 7}
        self.done.append(f"replicas {data['Mode']['Replicated']['Replicas']}")

    def _raise_for_status(self, _: None) -> None:
        pass


def task(state: str, wanted: str) -> dict[str, Any]:
    return {"Status": {"State": state}, "DesiredState": wanted, "Spec": {"ContainerSpec": {}}}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "LOOK_EVERY", 0)


def test_replicas_come_back_only_once_those_before_have_ended() -> None:
    api = Api([task("running", "remove")], [task("shutdown", "remove"), task("running", "running")])
    scaling.scale(api, {"s1": 1})
    assert api.done == ["look", "look", "replicas 1"]


def test_a_task_that_does_not_end_holds_replicas_up_only_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "PATIENCE", 0.01)
    api = Api([task("running", "remove")])
    scaling.scale(api, {"s1": 2})
    assert api.done[-1] == "replicas 2"


def test_nobody_waits_for_a_task_whose_engine_is_gone() -> None:
    api = Api([task("running", "remove")])
    with pytest.raises(EngineError, match="has stopped answering"):
        scaling.scale(api, {"s1": 0}, lambda: True)
    assert api.done == ["replicas 0", "look"]
