"""Slow is not gone, and gone is told soon."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from upready.engine import heartbeat
from upready.engine.heartbeat import Heartbeat


class Line:
    """A way to an engine, whose answers take so long; endless where it is cut."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.asked = 0

    def ping(self, timeout: float) -> bool:
        self.asked += 1
        time.sleep(min(self.seconds, timeout))
        return self.seconds <= timeout


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the times: what is told apart is their relation."""
    for name in ("PAUSE", "RETRY", "LOST", "FIRST", "LAST_TRY"):
        monkeypatch.setattr(heartbeat, name, getattr(heartbeat, name) / 10)


def gone_after(pulse: Heartbeat, seconds: float, then: Callable[[], None] = lambda: None) -> float | None:
    """Seconds until the engine counts as gone, of so many at most; None where it does not."""
    with pulse.watching() as gone:
        time.sleep(0.1)
        then()
        began = time.monotonic()
        return time.monotonic() - began if gone.wait(seconds) else None


def test_the_times_keep_the_promise() -> None:
    # What docs/health.md promises: noticed within three seconds, and 3 s to the first answer are waited for.
    assert 10 * (heartbeat.PAUSE + heartbeat.LOST + heartbeat.LAST_TRY + heartbeat.RETRY) < 3
    assert 10 * heartbeat.FIRST * 0.75 > 3


def test_one_that_answers_slowly_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    # Far from its limit: a busy machine adds to it.
    monkeypatch.setattr(heartbeat, "LOST", 2.0)
    line = Line(0.2)
    assert gone_after(Heartbeat(line.ping), 1.0) is None
    assert line.asked > 1


def test_one_that_has_answered_and_does_not_any_more_is_gone() -> None:
    line = Line()
    told = gone_after(Heartbeat(line.ping), 5.0, lambda: setattr(line, "seconds", 99))
    assert told is not None


def test_one_ping_without_an_answer_is_not_enough() -> None:
    answers = iter([True, False])
    pulse = Heartbeat(lambda _: next(answers, True))
    with pulse.watching() as gone:
        while not pulse.misses:
            time.sleep(0.01)
        assert not gone.wait(0.5)
    assert pulse.misses == 1


def test_the_first_answer_may_take_longer_than_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "FIRST", 3.0)
    assert heartbeat.LOST < 0.5
    assert gone_after(Heartbeat(Line(0.5).ping), 0.6) is None
    monkeypatch.setattr(heartbeat, "FIRST", 0.5)
    assert gone_after(Heartbeat(Line(99).ping), 5.0) is not None


def test_one_that_is_ever_slow_gets_time_by_its_pace() -> None:
    pulse = Heartbeat(Line(99).ping)
    pulse.pace = 0.3
    assert pulse.limit == pytest.approx(heartbeat.SLOWER * 0.3)
    pulse.pace = 0.001
    assert pulse.limit == heartbeat.LOST


def test_no_thread_outlives_the_watch_and_several_share_one() -> None:
    before = set(threading.enumerate())
    line = Line()
    pulse = Heartbeat(line.ping)
    with pulse.watching() as one, pulse.watching() as other:
        assert one is other
        assert len(set(threading.enumerate()) - before) == 1
    assert set(threading.enumerate()) == before


def test_answers_waits_for_one_that_comes_back() -> None:
    line = Line(99)
    pulse = Heartbeat(line.ping)
    pulse.pace = 0.0
    assert not pulse.answers()
    line.seconds = 0
    assert pulse.answers()
