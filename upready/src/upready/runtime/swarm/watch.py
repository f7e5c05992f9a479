"""What happens to a stack in Swarm, as it happens. Swarm reports nothing of its tasks by itself: it is asked often."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

from upready.runtime.docker.engine import Engine, answering
from upready.runtime.swarm import names, task_state

EVERY, SELDOM = 0.1, 1.0
"""Seconds between two looks: where a look takes some milliseconds, and at most."""

RESTING = 10
"""How much longer than a look the rest after it is: to list hundreds of tasks all the time delays their start."""


class Changes:
    """Iterator over (container id, state) from the tasks of a stack; see `upready.runtime.interface.Changes`.

    Args:
        engine: A manager.
        project: The stack's name.
    """

    def __init__(self, engine: Engine, project: str) -> None:
        self._engine = engine
        self._filter = {"label": f"{names.STACK}={project}"}
        self._closed = threading.Event()
        self._known = self._look()

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Each task whose state has changed, by the id of its container, or by its own where it has none."""
        rest = EVERY
        while not self._closed.wait(rest):
            began = time.monotonic()
            now = self._look()
            rest = min(SELDOM, max(EVERY, (time.monotonic() - began) * RESTING))
            for identifier, (container, state) in now.items():
                if self._known.get(identifier) != (container, state):
                    yield container or identifier, state
            self._known = now

    def close(self) -> None:
        """End it."""
        self._closed.set()

    def _look(self) -> dict[str, tuple[str, str]]:
        api: Any = self._engine.client.api
        with answering():
            found = api.tasks(filters=self._filter)
        return {str(each["ID"]): (task_state.container_of(each), str(each["Status"]["State"])) for each in found}
