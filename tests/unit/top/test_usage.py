"""Sampling: figures from two samples, a short history, and less often where it costs much."""

from __future__ import annotations

import threading
from typing import Any

from tests.unit.replicas import container
from upready.operations.top.usage import KEPT, Sampler
from upready.runtime.interface import Container, Sample
from upready.support.errors import EngineError


class Busy:
    """A runtime whose containers use half a core."""

    def __init__(self, over: threading.Event, rounds: int) -> None:
        self.over, self.rounds, self.asked = over, rounds, 0

    def sample(self, _: Container) -> Sample | None:
        self.asked += 1
        if self.asked >= self.rounds:
            self.over.set()
        if self.asked == 3:
            raise EngineError("gone")
        return Sample(float(self.asked), self.asked / 2, 1000 * self.asked)


def sampled(rounds: int, **given: Any) -> Sampler:
    over = threading.Event()
    over.wait = lambda timeout=None: over.is_set()  # type: ignore[method-assign]  # as if time flew
    sampler = Sampler(Busy(over, rounds), over)  # type: ignore[arg-type]
    sampler.watch([container(memory_limit=50_000, **given)])
    sampler.run()
    return sampler


def test_cpu_and_memory_against_the_limit() -> None:
    found = sampled(2).of(container())
    assert found.usage is not None
    assert (found.usage.cpu, found.usage.memory, found.usage.limit) == (50.0, 2000, 50_000)


def test_the_history_is_short_and_survives_an_engine_that_was_away() -> None:
    found = sampled(40).of(container())
    assert len(found.cpu) == len(found.memory) == KEPT
    assert found.memory[-1] == 40_000


def test_what_does_not_run_is_not_asked() -> None:
    over = threading.Event()
    sampler = Sampler(None, over)  # type: ignore[arg-type]
    sampler.watch([container(state="exited")])
    assert sampler.complete()
    assert sampler.of(container()).usage is None
    assert sampler.of(None).usage is None
