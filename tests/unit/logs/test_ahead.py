from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from upready.runtime.docker import log_ahead


def test_the_same_parts_in_the_same_order() -> None:
    parts = [b"%d" % number for number in range(50)]
    assert list(log_ahead.read(parts, 4)) == parts
    assert list(log_ahead.read(parts, 10_000)) == parts


def test_what_reading_raises_is_raised_after_the_parts_before() -> None:
    def broken() -> Iterator[bytes]:
        yield b"one"
        raise ConnectionError("gone")

    read = log_ahead.read(broken(), 4)
    assert next(read) == b"one"
    with pytest.raises(ConnectionError, match="gone"):
        next(read)


def test_no_more_is_read_than_may_wait() -> None:
    taken: list[int] = []
    third = threading.Event()

    def endless() -> Iterator[bytes]:
        for number in range(1000):
            taken.append(number)
            if number == 3:
                third.set()
            yield b"x"

    read = log_ahead.read(endless(), 2)
    next(read)
    assert third.wait(5)
    # One was taken, two wait, one is held by the thread.
    assert len(taken) == 4
    read.close()  # type: ignore[attr-defined]
