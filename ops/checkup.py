"""Look at what runs of a project: once, until it is ready, again and again; and ask why it is not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ops import memory, model, project, runtime, targets, whereabouts
from ops import stack as stacks
from ops.errors import OpsError, UsageError
from ops.health import Report
from ops.model import Model, Service
from ops.project import services_of
from ops.runtime import Container, Note, Runtime
from ops.settings import Settings
from ops.stack import Stack

if TYPE_CHECKING:
    from ops.diagnosis import Failure

INTERVAL = 1.0
"""Seconds between the looks of a watch."""

AGAIN = 0.2
"""Seconds between the looks of a wait for which nothing runs yet."""

Opened = tuple[Runtime, Stack, list[Container], Model | None]
"""Where a project runs, the stack as it was started, its containers, and its model; None where nothing runs."""


def look(settings: Settings, wait: float | None = None, tell: Note = runtime.silent) -> Report:
    """How the services of a project are, now or once they are ready.

    Args:
        settings: The project's.
        wait: Seconds to wait until every service is ready; None looks once.
        tell: Told in one line of an engine that could not be asked.

    Raises:
        EngineError: The engine does not answer.
        OpsError: The compose files or `.env` cannot be read.
    """
    opened = _open(settings, tell)
    if wait is not None:
        opened = _wait(settings, opened, wait)
    connected, stack, containers, merged = opened
    services = expected(settings, stack, merged, containers) if merged else []
    return targets.judge_now(connected, stack.project, stack.environment, services, containers)


def watch(settings: Settings, tell: Note = runtime.silent) -> Iterator[Report]:
    """A look every second, without end. An engine that has gone is an end."""
    connected, stack, _, merged = _open(settings, tell)
    while True:
        containers = connected.containers(stack.project)
        # What was not there at first may bring another environment's files.
        if merged is None and containers:
            connected, stack, containers, merged = _open(settings)
        services = expected(settings, stack, merged, containers) if merged else []
        yield targets.judge_now(connected, stack.project, stack.environment, services, containers)
        time.sleep(INTERVAL)


def diagnose(settings: Settings, name: str = "", tell: Note = runtime.silent) -> tuple[Report, list[Failure]]:
    """How the project is, and the story of every service that is not ready; of one that is named, whatever it is.

    Raises:
        UsageError: There is no such service, or nothing runs.
        EngineError: The engine does not answer.
    """
    from ops import diagnosis

    connected, stack, containers, merged = _open(settings, tell)
    if merged is None:
        if name:
            raise UsageError(f"nothing of {stack.project} runs", next=f"invoke {stack.environment}")
        return Report(stack.project, stack.environment, (), connected.name), []
    services = expected(settings, stack, merged, containers)
    if name and (asked := merged.service(name)) not in services:
        services.append(asked)
    found = targets.judge_now(connected, stack.project, stack.environment, services, containers)
    if not name:
        return found, diagnosis.explain(connected, merged, found.services)
    return found, [
        diagnosis.inspect(connected, merged, each, found.services) for each in found.services if each.service == name
    ]


def _wait(settings: Settings, opened: Opened, seconds: float) -> Opened:
    """Wait until something runs and all of it is ready, what is only created meanwhile included."""
    from ops import gate

    deadline = time.monotonic() + seconds
    connected, stack, containers, merged = opened
    while True:
        left = max(0.0, deadline - time.monotonic())
        if merged is None:
            time.sleep(min(AGAIN, left))
            # What is started may be another environment's.
            if connected.containers(stack.project):
                connected, stack, containers, merged = _open(settings)
        else:
            services = expected(settings, stack, merged, containers)
            outcome = gate.Gate(connected, stack.project, services).wait(left)
            containers = connected.containers(stack.project)
            if not outcome.ready or expected(settings, stack, merged, containers) == services:
                return connected, stack, containers, merged
        if time.monotonic() >= deadline:
            return connected, stack, containers, merged


def expected(settings: Settings, stack: Stack, merged: Model, containers: Sequence[Container]) -> list[Service]:
    """The services that should be there: those with containers, what these wait for, and what was started last."""
    found = services_of(merged, containers)
    known = memory.recall(settings.root)
    if (known.project, known.environment) != (stack.project, stack.environment):
        return found
    names = {each.name for each in found}
    started = [merged.services[name] for name in known.services if name in merged.services and name not in names]
    return [*found, *(each for each in started if each.replicas)]


def _open(settings: Settings, tell: Note = runtime.silent) -> Opened:
    """What is there of a project."""
    ahead = _Ahead(settings)
    connected = whereabouts.find(settings, tell)
    stack, containers = project.current(settings, connected)
    if not containers:
        return connected, stack, containers, None
    merged = ahead.model(stack, containers)
    return connected, stack, containers, connected.fit(stack, merged, runtime.silent)


class _Ahead:
    """Loads the model of the first environment while the engine's library is imported: it is mostly the right one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack: Stack | None = None
        self._model: Model | None = None
        self._thread = threading.Thread(target=self._load, daemon=True)
        self._thread.start()

    def model(self, stack: Stack, containers: Sequence[Container]) -> Model:
        """The model of a stack that runs as these containers.

        Raises:
            OpsError: Compose cannot read it.
        """
        self._thread.join()
        if self._model is not None and self._stack == stack:
            return self._model
        return model.load_running(stack, [each.service for each in containers])

    def _load(self) -> None:
        try:
            self._stack = stacks.select(self._settings, next(iter(self._settings.environments)))
            self._model = model.load(self._stack)
        except (OpsError, OSError):
            return  # told, where it matters, by the load that is not ahead
