"""What happens to a stack in Swarm, as it happens. Swarm reports nothing of its tasks by itself: it is asked often."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Collection, Iterator
from typing import Any

from upready.runtime.docker.engine import Engine, answering
from upready.runtime.swarm import names, task_state

EVERY, SELDOM = 0.1, 1.0
"""Seconds between two looks: where a look takes some milliseconds, and at most."""

RESTING = 10
"""How much longer than a look the rest after it is: to list hundreds of tasks all the time delays their start."""

LATEST = 5
"""So many looks tell how long one takes."""


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
        took: deque[float] = deque(maxlen=LATEST)
        while not self._closed.wait(rest(took)):
            began = time.monotonic()
            now = self._look()
            took.append(time.monotonic() - began)
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


def rest(took: Collection[float]) -> float:
    """Seconds until the next look.

    The shortest of the latest looks tells how much one asks of the engine: another one may have waited for a machine
    that was busy, as it is where containers start.

    Args:
        took: The seconds that each of the latest looks took.
    """
    return min(SELDOM, max(EVERY, min(took, default=0.0) * RESTING))
