"""What becomes of containers that are no longer needed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.replicas import container
from upready.releases import retire
from upready.releases.retire import Hooks
from upready.runtime.docker.engine import FAILED
from upready.runtime.interface import Container


class Api:
    """An engine's API that writes down what it is asked."""

    timeout = 10

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def update_container(self, identifier: str, **how: Any) -> None:
        self.asked.append(("update", identifier, how))

    def exec_create(self, identifier: str, words: list[str], **_: Any) -> dict[str, str]:
        self.asked.append(("run", identifier, *words))
        return {"Id": words[-1]}

    def exec_start(self, identifier: str, *, detach: bool) -> None:
        assert detach  # else the engine answers once it has ended

    def exec_inspect(self, identifier: str) -> dict[str, Any]:
        return {"Running": identifier == "hangs", "ExitCode": {"hangs": None, "fails": 3}.get(identifier, 0)}

    def rename(self, identifier: str, name: str) -> None:
        self.asked.append(("rename", identifier, name))


class Engine:
    def __init__(self) -> None:
        self.client = self
        self.api = Api()

    def remove(self, each: Container) -> None:
        self.api.asked.append(("remove", each.id))


def test_a_failed_one_that_is_kept_is_not_started_by_an_engine_that_restarts(monkeypatch: pytest.MonkeyPatch) -> None:
    engine: Any = Engine()
    monkeypatch.setattr(retire, "stop", lambda _, each: engine.api.asked.append(("stop", each.id)))
    assert retire.keep(engine, [container(restart_policy="always")]) == ["shop-web-1" + FAILED]
    assert engine.api.asked == [
        ("update", "web1", {"restart_policy": {"Name": "no"}}),
        ("stop", "web1"),
        ("rename", "web1", "shop-web-1" + FAILED),
    ]


def hooks(*words: str, seconds: float = 60) -> Hooks:
    return Hooks([{"command": ["sh", each]} for each in words], seconds)


def test_hooks_run_one_after_the_other_and_a_failure_is_told() -> None:
    engine: Any = Engine()
    told = list[str]()
    retire.retire(engine, [container()], hooks("fails", "good"), told.append)
    assert engine.api.asked == [("run", "web1", "sh", "fails"), ("run", "web1", "sh", "good"), ("remove", "web1")]
    assert told == ["pre_stop of web ended with exit code 3 in shop-web-1"]


def test_a_hook_that_hangs_keeps_no_container() -> None:
    engine: Any = Engine()
    told = list[str]()
    retire.retire(engine, [container()], hooks("hangs", "good", seconds=0.1), told.append)
    assert engine.api.asked == [("run", "web1", "sh", "hangs"), ("remove", "web1")]
    assert told == ["pre_stop of web has not ended after 0.1 s in shop-web-1: it is stopped all the same"]


def test_one_that_does_not_run_runs_no_hook() -> None:
    engine: Any = Engine()
    retire.retire(engine, [container(state="exited")], hooks("good"))
    assert engine.api.asked == [("remove", "web1")]
