"""Run calls that may take long in threads that need not be waited for."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import Future, wait
from typing import TypeVar

A = TypeVar("A", bound=Hashable)
T = TypeVar("T")

LOOK_EVERY = 0.05
"""Seconds between looks whether the answer is still wanted."""


def until_cancelled(cancel: threading.Event, task: Callable[[], T]) -> T | None:
    """The result of `task`, or its error; None as soon as `cancel` is set, even if the task still runs.

    The SDK's calls cannot be interrupted: each waits ten seconds for an engine that does not answer. The thread does
    not keep the process alive.
    """
    future = begin(task)
    while not cancel.is_set():
        if done(future, LOOK_EVERY):
            return future.result()
    return None


def begin(task: Callable[[], T]) -> Future[T]:
    """Start a task in a thread that does not keep the process alive; the future gets its result or its error."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(task())
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            future.set_exception(error)

    threading.Thread(target=run, name="background", daemon=True).start()
    return future


def each(call: Callable[[A], T], several: Iterable[A], seconds: float) -> dict[A, T]:
    """Call a function with several items at the same time; the results of the calls that returned in time.

    The error of a call is raised.
    """
    begun = {item: begin(functools.partial(call, item)) for item in several}
    ended = wait(begun.values(), seconds).done
    return {item: future.result() for item, future in begun.items() if future in ended}


def together(tasks: Sequence[Callable[[], T]], most: int = 8) -> list[T]:
    """The results of tasks that run at the same time, at most so many of them; Ctrl-C waits for none.

    An error of one is raised once all have ended.
    """
    room = threading.BoundedSemaphore(most)

    def within(task: Callable[[], T]) -> T:
        with room:
            return task()

    begun = [begin(functools.partial(within, each)) for each in tasks]
    for each in begun:
        while not done(each, LOOK_EVERY):
            pass
    return [each.result() for each in begun]


def done(future: Future[T], seconds: float) -> bool:
    """Whether a task that was begun ends within so many seconds."""
    return bool(wait([future], seconds).done)
