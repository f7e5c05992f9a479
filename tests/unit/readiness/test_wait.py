"""The wait itself, with a runtime whose containers the test moves; tests/engine/test_gate.py has the engine itself."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.unit.replicas import Fake, container, service
from upready.readiness.health import Health
from upready.readiness.start_thread import Start
from upready.readiness.wait import Outcome, Waiter
from upready.runtime.attempt import Attempt
from upready.runtime.interface import Container
from upready.stack.model import Service
from upready.support.errors import StartError, UnhealthyError

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)
WEB = service(depends_on={"db": "service_healthy"})


class Wait:
    """A wait, and what its watch was told; `seen` lets a start go on only once the gate has seen what it is to see."""

    def __init__(self, engine: Fake, *services: Service) -> None:
        self._told: set[str] = set()
        self._changed = threading.Condition()
        self._waiter = Waiter(engine, "shop", services, self._tell)  # type: ignore[arg-type]

    def run(self, timeout: float, start: Start | None = None) -> Outcome:
        return self._waiter.wait(timeout, start)

    def seen(self, *words: str) -> None:
        """Wait until the watch was told these, as `service: cause`."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._told >= set(words), 60), (words, self._told)
            self._told.clear()

    def _tell(self, healths: Sequence[Health]) -> None:
        with self._changed:
            self._told = {f"{each.service}: {each.cause}" for each in healths}
            self._changed.notify_all()


def healthy(name: str = "web", identifier: str = "", **given: Any) -> Container:
    known = {"id": identifier or f"{name}1", "service": name, "started": NOW, "health": "healthy"}
    return container(**{**known, **given})


def nothing(_: Attempt) -> None:
    """A start that finds everything as it should be."""


def test_ready_with_the_end_of_the_start() -> None:
    outcome = Wait(Fake(healthy()), service()).run(60, nothing)
    assert outcome.ready
    assert outcome.seconds < 30


def test_a_start_that_is_under_way_at_the_deadline_is_not_ready() -> None:
    ended: list[bool] = []

    def linger(attempt: Attempt) -> None:
        ended.append(attempt.cancel.wait(60))

    outcome = Wait(Fake(healthy()), service()).run(2, linger)
    assert outcome.timed_out
    assert not outcome.ready
    assert isinstance(outcome.error, UnhealthyError)
    assert "still being started" in outcome.error.message
    assert ended == [True]


@pytest.mark.parametrize(("code", "ready"), [(0, True), (1, False)])
def test_what_has_ended_is_judged_where_nothing_is_started(code: int, ready: bool) -> None:
    one_shot = container(state="exited", exit_code=code, started=NOW)
    outcome = Wait(Fake(one_shot), service()).run(60)
    assert outcome.ready is ready
    assert not outcome.timed_out
    assert outcome.seconds < 30


def test_a_container_that_is_being_replaced_has_not_failed() -> None:
    engine = Fake(healthy(), healthy("db"))
    wait = Wait(engine, service(), service("db"))

    def replace_web(attempt: Attempt) -> None:
        engine.put(healthy(state="exited", exit_code=143), healthy("web", "web2", state="created", started=None))
        wait.seen("web: created", "db: healthy")
        # Longer than a failure would leave the others.
        assert not attempt.cancel.wait(1.3)
        engine.remove("web1")
        engine.put(healthy("web", "web2", started=LATER))

    assert wait.run(60, replace_web).ready


def test_a_container_that_is_restarted_has_not_failed() -> None:
    engine = Fake(healthy())
    wait = Wait(engine, service())

    def restart(attempt: Attempt) -> None:
        engine.put(healthy(state="exited", exit_code=143))
        wait.seen("web: created")
        assert not attempt.cancel.wait(1.3)
        engine.put(healthy(started=LATER))

    assert wait.run(60, restart).ready


def test_a_container_that_fails_beside_the_start_is_told_in_the_end() -> None:
    engine = Fake(healthy(), healthy("db"))
    wait = Wait(engine, service(), service("db"))

    def fail(_: Attempt) -> None:
        engine.put(healthy("db", state="exited", exit_code=3))
        wait.seen("db: created")
        raise StartError("dependency failed to start: container db exited (3)")

    outcome = wait.run(60, fail)
    assert [each.cause for each in outcome.services] == ["healthy", "exited"]
    assert isinstance(outcome.error, StartError)
    assert not outcome.ready


def test_what_others_wait_for_may_be_unhealthy_and_recover() -> None:
    # https://github.com/docker/compose/issues/11030: compose gives up at once, and starts none of them.
    ill = healthy("db", health="unhealthy")
    engine = Fake(ill)
    wait = Wait(engine, WEB, service("db"))
    calls: list[int] = []

    def up(_: Attempt) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise UnhealthyError("dependency failed to start: container db is unhealthy")
        engine.put(healthy())

    def recover() -> None:
        wait.seen("db: unhealthy", "web: missing")
        # Longer than a failure would leave the others.
        time.sleep(1.3)
        assert len(calls) == 1
        engine.put(replace(ill, health="healthy"))

    recovery = threading.Thread(target=recover)
    recovery.start()
    outcome = wait.run(60, up)
    recovery.join()
    assert outcome.ready
    assert len(calls) == 2


def test_what_others_wait_for_has_until_the_deadline() -> None:
    def up(_: Attempt) -> None:
        raise UnhealthyError("dependency failed to start: container db is unhealthy")

    outcome = Wait(Fake(healthy("db", health="unhealthy")), WEB, service("db")).run(1.5, up)
    assert outcome.timed_out
    assert isinstance(outcome.error, UnhealthyError)


def test_a_start_that_gives_up_at_once_is_not_begun_again_without_a_pause() -> None:
    # Nothing is unhealthy by the engine, whatever compose says: each start would fail at once.
    began: list[float] = []

    def up(_: Attempt) -> None:
        began.append(time.monotonic())
        raise UnhealthyError("dependency failed to start: container db is unhealthy")

    outcome = Wait(Fake(healthy("db", health="starting")), WEB, service("db")).run(2.5, up)
    assert outcome.timed_out
    assert len(began) > 1
    assert all(later - earlier > 0.9 for earlier, later in itertools.pairwise(began))


def test_a_bug_in_the_start_is_raised_at_once() -> None:
    def fail(_: Attempt) -> None:
        raise KeyError("web")

    began = time.monotonic()
    with pytest.raises(KeyError, match="web"):
        Wait(Fake(), service()).run(60, fail)
    assert time.monotonic() - began < 30


def test_what_the_start_has_yet_to_start_may_fail_too() -> None:
    engine = Fake(*(healthy(name, state="created", started=None) for name in ("cache", "db")))
    wait = Wait(engine, service("cache"), service("db"))

    def start(_: Attempt) -> None:
        for name in ("db", "cache"):
            engine.put(healthy(name, state="exited", exit_code=1, started=LATER))
            wait.seen(f"{name}: exited")

    outcome = wait.run(5, start)
    assert [each.cause for each in outcome.services] == ["exited", "exited"]
