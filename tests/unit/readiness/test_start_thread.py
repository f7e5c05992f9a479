"""How far the start of the containers is, and when it is tried again."""

from __future__ import annotations

import queue

from upready.readiness.messages import Message, Started
from upready.readiness.start_thread import StartThread
from upready.runtime.attempt import Attempt
from upready.support.errors import StartError


def test_a_start_counts_with_the_look_that_follows() -> None:
    inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
    began = []
    starter = StartThread(lambda cancel: began.append(cancel), inbox)
    starter.begin(drops=0)
    ended = inbox.get(timeout=60)
    assert isinstance(ended, Started)
    assert ended.error is None
    starter.ended(ended.error, request=7)
    starter.reached(6, drops=0)
    assert not starter.complete
    starter.reached(7, drops=0)
    assert starter.complete
    assert len(began) == 1


def test_a_start_that_failed_is_tried_again_only_where_the_engine_dropped_it() -> None:
    inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
    calls = []

    def fail(_: Attempt) -> None:
        calls.append(1)
        raise StartError("no")

    starter = StartThread(fail, inbox)
    starter.begin(drops=0)
    drops = 0
    while starter.error is None:
        ended = inbox.get(timeout=60)
        assert isinstance(ended, Started)
        drops += 1
        starter.ended(ended.error, request=drops)
        starter.reached(drops, drops)
        if not starter.begun:
            starter.begin(drops)
    assert len(calls) == 1 + StartThread.RETRIES
    other = StartThread(fail, inbox)
    other.begin(drops=3)
    ended = inbox.get(timeout=60)
    assert isinstance(ended, Started)
    other.ended(ended.error, request=1)
    other.reached(1, drops=3)
    assert isinstance(other.error, StartError)


def test_stopping_waits_for_the_start() -> None:
    inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
    over = []

    def linger(attempt: Attempt) -> None:
        attempt.cancel.wait(10)
        over.append(attempt.cancel.is_set())

    starter = StartThread(linger, inbox)
    starter.begin(drops=0)
    starter.stop()
    assert over == [True]
