"""CPU and memory of the containers of a stack, sampled again and again, with a short history of each."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from upready.operations.status import Usage, share
from upready.runtime.interface import Container, Runtime, Sample
from upready.support.errors import EngineError

KEPT = 12
"""Samples that a history holds."""

EVERY = 2.0
"""Seconds between two samples of a container, at least."""

SHARE = 0.04
"""The share of one core that sampling may take: with many containers, each is asked less often."""


@dataclass
class History:
    """What one container used lately."""

    last: Sample | None = None
    usage: Usage | None = None
    cpu: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    memory: deque[int] = field(default_factory=lambda: deque(maxlen=KEPT))

    def add(self, sample: Sample, limit: int | None) -> None:
        """Take in a sample; CPU is known from the second one on."""
        if self.last is not None:
            self.usage = Usage(share(self.last, sample), sample.memory, limit)
            self.cpu.append(self.usage.cpu)
            self.memory.append(sample.memory)
        self.last = sample


class Sampler:
    """Samples the containers that it was told of, until `over` is set; run it in a thread of its own."""

    def __init__(self, connected: Runtime, over: threading.Event) -> None:
        self._connected, self._over = connected, over
        self._watched: Sequence[Container] = ()
        self._found: dict[str, History] = {}
        self._told = threading.Event()

    def ask(self, connected: Runtime) -> None:
        """Ask another runtime from now on."""
        self._connected = connected

    def watch(self, containers: Sequence[Container]) -> None:
        """Set what is sampled: the containers that run."""
        self._watched = [each for each in containers if each.state == "running"]
        known = {each.id for each in self._watched}
        self._found = {key: each for key, each in self._found.items() if key in known}
        self._told.set()

    def of(self, container: Container | None) -> History:
        """What a container used lately; nothing where it was not asked yet."""
        return self._found.get(container.id if container else "") or History()

    def complete(self) -> bool:
        """Whether the use of each container is known."""
        return all(self.of(each).usage is not None for each in self._watched)

    def run(self) -> None:
        """Sample in turns."""
        self._told.wait()
        pause = 0.5  # the first CPU figure needs two samples
        while not self._over.is_set():
            began = time.thread_time()
            for each in self._watched:
                if self._over.is_set():
                    return
                self._ask(each)
            spent = time.thread_time() - began
            self._over.wait(max(pause, spent / SHARE))
            pause = EVERY

    def _ask(self, container: Container) -> None:
        with contextlib.suppress(EngineError):  # whoever lists the containers tells that the engine is gone
            sample = self._connected.sample(container)
            if sample is not None:
                self._found.setdefault(container.id, History()).add(sample, container.memory_limit)
