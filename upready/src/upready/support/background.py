"""Ask what may take long in a thread that can be left behind."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Future, wait
from typing import TypeVar

A = TypeVar("A", bound=Hashable)
T = TypeVar("T")

LOOK_EVERY = 0.05
"""Seconds between looks at whether the answer is still wanted."""


def unless(cancel: threading.Event, task: Callable[[], T]) -> T | None:
    """What `task` returns or raises; None as soon as `cancel` is set, however long the task goes on.

    The SDK's calls cannot be interrupted: an engine that is silent holds up each of them for ten seconds. The thread
    does not keep the process alive.
    """
    future = begin(task)
    while not cancel.is_set():
        if done(future, LOOK_EVERY):
            return future.result()
    return None


def begin(task: Callable[[], T]) -> Future[T]:
    """Begin something in a thread that does not keep the process alive; its result or error is the future's."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(task())
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            future.set_exception(error)

    threading.Thread(target=run, name="background", daemon=True).start()
    return future


def each(call: Callable[[A], T], several: Iterable[A], seconds: float) -> dict[A, T]:
    """What `call` returns for each of several, all called at the same time; of those that have returned in time.

    An error of one is raised.
    """
    begun = {item: begin(functools.partial(call, item)) for item in several}
    ended = wait(begun.values(), seconds).done
    return {item: future.result() for item, future in begun.items() if future in ended}


def done(future: Future[T], seconds: float) -> bool:
    """Whether something that was begun has ended within so many seconds."""
    return bool(wait([future], seconds).done)
