"""End a service: ask its first process to end, then end everything that is left.

Measured: signals to a process group miss a child with its own session, and a killed reloader leaves its worker. So
    every process with the service's marker is ended, and the caller learns how hard that was.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import psutil

from upready.runtime.interface import Sample
from upready.runtime.native import env_mark
from upready.support import platform

PATIENCE = 0.3
"""Seconds for a service's other processes to end by themselves after the first one."""

LAST_CHANCE = 1.0
"""Seconds between asking a process to end and killing it."""

KILLED_WITHIN = 5.0
"""Seconds within which all killed processes must be gone, with those that start meanwhile."""

_LOOK_EVERY = 0.01


@dataclass(frozen=True)
class Ended:
    """What was needed to end a service.

    Attributes:
        told: How many processes had to be asked to end.
        killed: How many had to be killed.
        left: Processes that could not be ended.
    """

    told: int
    killed: int
    left: tuple[psutil.Process, ...] = ()


def end(
    first: psutil.Process | None,
    supervisor: psutil.Process | None,
    marked: Callable[[], Iterable[psutil.Process]],
    *,
    signal: str,
    grace: float,
    cancel: threading.Event | None = None,
) -> Ended | None:
    """End every process of a service.

    Args:
        first: The service's own; None when it has ended.
        supervisor: The process that keeps its log; it ends by itself once nobody writes into it.
        marked: Finds every process with the service's marker, now.
        signal: The signal that asks `first` to end; `first` ends its own children.
        grace: Seconds that it has to end.
        cancel: When set, nobody waits for its end any longer, or forces it.

    Returns:
        What was needed; None if `cancel` was set before it had ended.
    """
    family: dict[int, psutil.Process] = {}
    for each in filter(None, (supervisor, first, *marked())):
        if each.pid not in family:
            family[each.pid] = each
            # A child may have replaced its environment, which hides its marker.
            with contextlib.suppress(psutil.Error):
                family |= {below.pid: below for below in each.children(recursive=True)}
    if first is not None:
        with contextlib.suppress(psutil.Error, OSError):
            platform.ask_to_end(first, signal)
        if wait_gone([first], grace, cancel) and cancel is not None and cancel.is_set():
            return None
    kept = supervisor.pid if supervisor is not None else None
    others = {each.pid: each for each in (*family.values(), *marked()) if each.pid != kept}
    left = wait_gone(others.values(), PATIENCE)
    for each in left:
        with contextlib.suppress(psutil.Error):
            each.terminate()
    stubborn = {each.pid: each for each in wait_gone(left, LAST_CHANCE)}
    killed: set[int] = set()
    deadline = time.monotonic() + KILLED_WITHIN
    # Again and again: a process that ignores signals may start another one between our look and its end.
    while stubborn := {each.pid: each for each in (*stubborn.values(), *marked()) if each.pid != kept}:
        killed |= stubborn.keys()
        for each in stubborn.values():
            with contextlib.suppress(psutil.Error):
                each.kill()
        stubborn = {each.pid: each for each in wait_gone(stubborn.values(), LAST_CHANCE)}
        if time.monotonic() >= deadline:
            break
    if supervisor is not None and wait_gone([supervisor], LAST_CHANCE):
        with contextlib.suppress(psutil.Error):
            supervisor.kill()
        stubborn |= {each.pid: each for each in wait_gone([supervisor], LAST_CHANCE)}
    return Ended(len(left), len(killed), tuple(stubborn.values()))


def sample(first: psutil.Process) -> Sample:
    """What a service's processes have used together: its first one, and all below it."""
    processes = [first]
    with contextlib.suppress(psutil.Error):
        processes += first.children(recursive=True)
    return Sample(time.monotonic(), sum(map(_cpu, processes)), sum(map(_memory, processes)))


def _cpu(process: psutil.Process) -> float:
    """Seconds of CPU that a process has used."""
    with contextlib.suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0


def _memory(process: psutil.Process) -> int:
    """Bytes of memory; what several processes share counts once if the system can say (Linux)."""
    with contextlib.suppress(psutil.Error):
        used = process.memory_full_info()
        return int(getattr(used, "pss", 0) or used.rss)
    # For a process of another user, say PostgreSQL in a container of root, only the simple figure can be read.
    with contextlib.suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def wait_gone(
    processes: Iterable[psutil.Process], seconds: float, cancel: threading.Event | None = None
) -> list[psutil.Process]:
    """Wait until some processes are gone, or `cancel` is set; returns those that are not.

    Not `psutil.wait_procs`: that counts a zombie as running.
    """
    deadline = time.monotonic() + seconds
    left = [each for each in processes if env_mark.lives(each)]
    while left and time.monotonic() < deadline and not (cancel and cancel.is_set()):
        time.sleep(_LOOK_EVERY)
        left = [each for each in left if env_mark.lives(each)]
    return left
