"""Look at what runs of a project: once, until it is ready, again and again; and ask why it is not."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING

from upready.operations import cut_off
from upready.readiness import one_look
from upready.readiness.health import Report
from upready.runtime import choice, current, interface, last_used
from upready.runtime.current import services_of
from upready.runtime.interface import Container, Note, Runtime
from upready.stack import model
from upready.stack import selection as stacks
from upready.stack.model import Model, Service
from upready.stack.selection import Stack
from upready.stack.settings import Settings
from upready.support import background
from upready.support.errors import OpsError, UsageError

if TYPE_CHECKING:
    from upready.diagnosis import Failure

INTERVAL = 1.0
"""Seconds between the looks of a watch."""

AGAIN = 0.2
"""Seconds between the looks of a wait for which nothing runs yet."""

Opened = tuple[Runtime, Stack, list[Container], Model | None]
"""Where a project runs, the stack as it was started, its containers, and its model; None where nothing runs."""


def look(settings: Settings, wait: float | None = None, tell: Note = interface.silent) -> Report:
    """How the services of a project are, now or once they are ready.

    Args:
        settings: The project's.
        wait: Seconds to wait until every service is ready; None looks once.
        tell: Told in one line of an engine that could not be asked, or of a node that does not answer.

    Raises:
        EngineError: The engine does not answer.
        OpsError: The compose files or `.env` cannot be read.
    """
    found = opened(settings, tell)
    if cut_off.look(settings, found[0], found[1].project, found[2], tell):
        found = opened(settings, tell)
    _tell_absent(found[0], tell)
    if wait is not None:
        found = _wait(settings, found, wait)
    connected, stack, containers, merged = found
    services = expected(settings, merged, containers) if merged else []
    return one_look.judge_now(connected, stack.project, stack.environment, services, containers)


def watch(settings: Settings, tell: Note = interface.silent) -> Iterator[Report]:
    """A look every second, without end. An engine that has gone is an end."""
    connected, stack, containers, merged = opened(settings, tell)
    while True:
        if merged is None:
            connected, stack, containers, merged = begun(settings, (connected, stack, containers, merged))
        else:
            containers = connected.containers(stack.project)
        services = expected(settings, merged, containers) if merged else []
        yield one_look.judge_now(connected, stack.project, stack.environment, services, containers)
        time.sleep(INTERVAL)


def diagnose(settings: Settings, name: str = "", tell: Note = interface.silent) -> tuple[Report, list[Failure]]:
    """How the project is, and the story of every service that is not ready; of one that is named, whatever it is.

    Raises:
        UsageError: There is no such service, or nothing runs.
        EngineError: The engine does not answer.
    """
    from upready import diagnosis

    connected, stack, containers, merged = opened(settings, tell)
    if merged is None:
        if name:
            raise UsageError(f"nothing of {stack.project} runs", next=f"invoke {stack.environment}")
        return Report(stack.project, stack.environment, (), connected.name), []
    _tell_absent(connected, tell)
    services = expected(settings, merged, containers)
    if name and (asked := merged.service(name)) not in services:
        services.append(asked)
    found = one_look.judge_now(connected, stack.project, stack.environment, services, containers)
    if not name:
        return found, diagnosis.explain(connected, merged, found.services)
    return found, [
        diagnosis.inspect(connected, merged, each, found.services) for each in found.services if each.service == name
    ]


def _tell_absent(connected: Runtime, tell: Note) -> None:
    """Tell of nodes of a swarm that do not answer: what ran there counts no more, so all may be well without it."""
    if choice.is_swarm(connected):
        for name in connected.absent():
            tell(f"the node {name} does not answer, and what ran there is not counted: invoke nodes")


def _wait(settings: Settings, found: Opened, seconds: float) -> Opened:
    """Wait until something runs and all of it is ready, what is only created meanwhile included."""
    from upready.readiness import wait

    deadline = time.monotonic() + seconds
    connected, stack, containers, merged = found
    while True:
        left = max(0.0, deadline - time.monotonic())
        if merged is None:
            time.sleep(min(AGAIN, left))
            connected, stack, containers, merged = begun(settings, (connected, stack, containers, merged))
        else:
            services = expected(settings, merged, containers)
            outcome = wait.Waiter(connected, stack.project, services).wait(left)
            containers = connected.containers(stack.project)
            if not outcome.ready or expected(settings, merged, containers) == services:
                return connected, stack, containers, merged
        if time.monotonic() >= deadline:
            return connected, stack, containers, merged


def expected(settings: Settings, merged: Model, containers: Sequence[Container]) -> list[Service]:
    """The services that should be there: those with containers, what these wait for, and what was started last."""
    found = services_of(merged, containers)
    known = last_used.recall(settings.root)
    if (known.project, known.environment) != (merged.stack.project, merged.stack.environment):
        return found
    names = {each.name for each in found}
    started = [merged.services[name] for name in known.services if name in merged.services and name not in names]
    return [*found, *(each for each in started if each.replicas)]


def opened(settings: Settings, tell: Note = interface.silent) -> Opened:
    """What is there of a project."""
    # Compose reads the first environment's files, mostly the right ones, while the engine's library is imported.
    first = background.begin(lambda: model.load(stacks.select(settings, settings.default)))
    connected = choice.find(settings, tell)
    stack, containers = current.current(settings, connected)
    if not containers:
        return connected, stack, containers, None
    merged = _model(stack, containers, first)
    return connected, stack, containers, connected.fit(merged, interface.silent)


def begun(settings: Settings, before: Opened) -> Opened:
    """What is there now of a project of which nothing ran before.

    It may have been started in another runtime than it was looked for in, and as another environment.
    """
    connected = choice.find(settings)
    return opened(settings) if connected.containers(before[1].project) else before


def _model(stack: Stack, containers: Sequence[Container], first: Future[Model]) -> Model:
    """The model of a stack that runs as these containers: the first one if it is of this stack.

    Raises:
        OpsError: Compose cannot read it.
    """
    with contextlib.suppress(OpsError, OSError):
        if (merged := first.result()).stack == stack:
            return merged
    return model.load_running(stack, [each.service for each in containers])
