"""What may take long is waited for only as long as it is wanted."""

from __future__ import annotations

import functools
import threading
import time

import pytest

from upready.support import background


def test_the_answer() -> None:
    assert background.until_cancelled(threading.Event(), lambda: "yes") == "yes"


def test_what_is_raised() -> None:
    def fail() -> None:
        raise KeyError("no")

    with pytest.raises(KeyError, match="no"):
        background.until_cancelled(threading.Event(), fail)


def test_it_is_left_behind_when_it_is_not_wanted_any_more() -> None:
    cancel, over = threading.Event(), threading.Event()
    threading.Timer(0.1, cancel.set).start()
    began = time.monotonic()
    assert background.until_cancelled(cancel, lambda: over.wait(60)) is None
    assert time.monotonic() - began < 30
    over.set()


def test_of_several_calls_those_count_that_return_in_time() -> None:
    held = threading.Event()

    def call(number: int) -> int:
        if number == 2:
            held.wait(60)
        return number * number

    assert background.each(call, [1, 2, 3], 1.0) == {1: 1, 3: 9}
    held.set()
    with pytest.raises(ZeroDivisionError):
        background.each(lambda number: 1 // number, [0], 60)


def test_tasks_run_together_but_not_too_many() -> None:
    at_once, most, guard = 0, 0, threading.Lock()
    pair = threading.Barrier(2, timeout=30)

    def task(number: int) -> int:
        nonlocal at_once, most
        with guard:
            at_once += 1
            most = max(most, at_once)
        pair.wait()
        with guard:
            at_once -= 1
        return number

    assert background.together([functools.partial(task, each) for each in range(6)], most=2) == list(range(6))
    assert most == 2


def test_of_tasks_that_run_together_an_error_is_raised_once_all_have_ended() -> None:
    ended: list[int] = []
    with pytest.raises(ZeroDivisionError):
        background.together([lambda: 1 // 0, lambda: ended.append(1)])
    assert ended == [1]
