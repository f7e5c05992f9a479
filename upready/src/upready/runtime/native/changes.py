"""Find changes of services without an engine, by looking again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from upready.runtime.interface import Container

LOOK_EVERY = 0.05
"""Seconds between looks."""


class Changes:
    """What happens to the services of a project, found by looking."""

    def __init__(self, containers: Callable[[], list[Container]]) -> None:
        self._containers = containers
        self._over = threading.Event()

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """The changes, in the engine's words."""
        known = self._look()
        while not self._over.wait(LOOK_EVERY):
            now = self._look()
            for identifier, (state, health) in now.items():
                before = known.get(identifier, ("", ""))
                if state != before[0]:
                    yield identifier, "start" if state == "running" else "die" if state == "exited" else "create"
                if health and health != before[1]:
                    yield identifier, f"health_status: {health}"
            for identifier in known.keys() - now.keys():
                yield identifier, "destroy"
            known = now

    def close(self) -> None:
        """End it."""
        self._over.set()

    def _look(self) -> dict[str, tuple[str, str]]:
        return {each.id: (each.state, each.health) for each in self._containers()}
