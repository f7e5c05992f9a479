"""What may take long is waited for only as long as it is wanted."""

from __future__ import annotations

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
