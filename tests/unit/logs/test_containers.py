"""Connections to the engine that drop while logs are followed; the engine itself is under test in tests/engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from docker.errors import APIError

from tests.unit.replicas import container
from upready.logs.entry import Origin
from upready.runtime.docker import log_source
from upready.runtime.docker.engine import answering
from upready.runtime.docker.log_source import Containers
from upready.support.errors import EngineError

DROPPED = requests.ConnectionError("Connection aborted.")
WEB = Origin("web", 1, "web1")


class Engine:
    """An engine whose answers are listed: what is raised, or given; the last one for ever."""

    address = "unix:///engine.sock"

    def __init__(self, *answers: Any, pings: tuple[bool, ...] = (True,)) -> None:
        self.answers, self.pings = list(answers), list(pings)

    def ping(self, timeout: float) -> bool:
        assert timeout > 0
        return self.pings.pop(0) if len(self.pings) > 1 else self.pings[0]

    def inspect(self, _: str) -> Any:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        with answering():
            if isinstance(answer, Exception):
                raise answer
        return answer

    def logs(self, name: str, **_: Any) -> Any:
        return self.inspect(name)

    def events(self, _: str) -> Any:
        return iter([{"Action": "start", "Actor": {"ID": "web1", "Attributes": {}}}])

    def containers(self, _: str) -> list[Any]:
        return [found] if (found := self.inspect("")) else []


def source(*answers: Any, **how: Any) -> Containers:
    return Containers(Engine(*answers, **how), "shop")  # type: ignore[arg-type]


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_source, "PATIENCE", 0.2)
    monkeypatch.setattr(log_source, "RETRY", 0.01)


ASKED: list[Callable[[Containers], Any]] = [
    lambda source: source.running(WEB),
    lambda source: source._open(WEB),
    lambda source: next(source.changes()),
]


@pytest.mark.parametrize("ask", ASKED)
@pytest.mark.parametrize("pings", [(True,), (False, False, True)])
def test_a_connection_that_drops_is_not_an_engine_that_is_gone(
    soon: None, ask: Callable[[Containers], Any], pings: tuple[bool, ...]
) -> None:
    assert ask(source(DROPPED, DROPPED, container(), pings=pings))


@pytest.mark.parametrize("ask", ASKED)
def test_an_engine_that_is_gone_is_told_soon(soon: None, ask: Callable[[Containers], Any]) -> None:
    began = time.monotonic()
    with pytest.raises(EngineError, match="is gone"):
        ask(source(DROPPED, pings=(False,)))
    assert time.monotonic() - began < 30


def test_one_that_drops_every_connection_is_told_too(soon: None) -> None:
    with pytest.raises(EngineError, match="no Docker Engine answers"):
        source(DROPPED).running(WEB)


def test_a_refusal_is_believed_at_once() -> None:
    with pytest.raises(EngineError, match="refused"):
        source(APIError("no"), container()).running(WEB)


def refusing(status: int) -> APIError:
    answer = requests.Response()
    answer.status_code = status
    return APIError("no", answer, "the driver keeps nothing")


def test_a_log_that_nothing_keeps_is_told_once_with_a_step_and_not_asked_for_again() -> None:
    told: list[str] = []
    muted = source(refusing(501))
    muted.note = told.append
    assert [*muted.read(WEB)] == [*muted.follow(WEB, None)] == []
    assert muted.running(WEB) is None
    assert told == [
        "web: its log cannot be read: the driver keeps nothing; to see it, set `logging: {driver: local}` in its "
        "compose file, then: invoke restart web"
    ]


def test_a_log_that_cannot_be_read_now_is_asked_for_again() -> None:
    told: list[str] = []
    broken = source(refusing(500), container())
    broken.note = told.append
    assert [*broken.follow(WEB, None)] == []
    assert broken.running(WEB)
    assert told == ["web: its log cannot be read: the driver keeps nothing"]
