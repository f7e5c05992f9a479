"""Restart what runs, as it is, and wait until it is ready again."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection, Sequence

from upready.operations import cut_off, exclusive, launch
from upready.operations import plan as planning
from upready.operations.launch import Launch
from upready.operations.launch_options import Show
from upready.operations.plan import Plan
from upready.readiness.start_thread import Start
from upready.runtime import choice, current, interface
from upready.runtime.actions import Action, Actions, ServiceAction
from upready.runtime.attempt import Attempt
from upready.runtime.interface import Container, Note, Runtime
from upready.stack import model
from upready.stack.model import Model, Service
from upready.stack.settings import Settings
from upready.support import background
from upready.support.errors import UsageError


def restart(
    settings: Settings,
    services: Sequence[str],
    timeout: float | None,
    show: Show,
    *,
    adopt: bool = False,
    lock_wait: float = 0.0,
) -> Launch:
    """Restart services and those that are restarted along with them, in the order of `depends_on`.

    Raises:
        UsageError: A service does not exist, or has no container.
        LockedError: Another task is at work on the project.
        OpsError: What compose says.
    """
    with exclusive.hold(settings.root, "invoke restart", lock_wait):
        connected = choice.find(settings, show.warn, adopt=adopt, task="invoke restart")
        project = current.name(settings)
        with exclusive.on_engine(connected, project, "invoke restart", lock_wait) as was_cut_off:
            if was_cut_off:
                # Else containers of two releases would be restarted, and nothing would tell the next task any more.
                cut_off.settle(settings, connected, project, show.warn)
            merged, chosen, containers = _choose(settings, connected, services, timeout, show.warn)
            show.step("restart")
            again = begin(connected, merged, [each.name for each in chosen], containers)
            return launch.until_ready(connected, merged, chosen, again, show)


def plan(
    settings: Settings, services: Sequence[str], timeout: float | None, tell: Note, *, adopt: bool = False
) -> Plan:
    """What `restart` would do; the arguments and the errors are the same, and nothing is done."""
    exclusive.check(settings.root)
    connected = choice.find(settings, tell, adopt=adopt, task="invoke restart", remember=False)
    merged, chosen, containers = _choose(settings, connected, services, timeout, tell)
    names = {each.name: tuple(one.name for one in containers if one.service == each.name) for each in chosen}
    services_planned = [ServiceAction(name, Action.RESTART, own) for name, own in names.items()]
    return Plan(
        task="restart",
        stack=merged.stack,
        runtime=connected.name,
        actions=Actions(tuple(services_planned)),
        waits=planning.waits(connected, merged, chosen),
    )


def _choose(
    settings: Settings, connected: Runtime, services: Sequence[str], timeout: float | None, tell: Note
) -> tuple[Model, list[Service], list[Container]]:
    """What would be restarted: the model, its services with as many replicas as there are, and all containers.

    Raises:
        UsageError: A service does not exist, or has no container.
    """
    stack, containers = current.current(settings, connected)
    stack = dataclasses.replace(stack, timeout=stack.timeout if timeout is None else timeout)
    merged = connected.fit(model.load_running(stack, [each.service for each in containers]), interface.silent)
    there = Counter(each.service for each in containers)
    for name in services:
        if merged.service(name).name not in there:
            raise UsageError(f"{name} has no container to restart", next=f"invoke {stack.environment}")
    if not containers:
        raise UsageError(f"nothing of {stack.project} runs", next=f"invoke {stack.environment}")
    chosen = along(merged, services, there) if services else current.services_of(merged, containers)
    for each in chosen:
        if each.name not in there:
            tell(f"{each.name} has no container to restart: invoke {stack.environment} starts it")
    found = [dataclasses.replace(each, replicas=there[each.name]) for each in chosen if each.name in there]
    return merged, found, containers


def along(merged: Model, names: Sequence[str], there: Collection[str]) -> list[Service]:
    """Some services, and those that ask to be restarted with them (`depends_on: {db: {restart: true}}`)."""
    every, chosen = merged.every, list(names)
    for name in chosen:
        for other, service in every.items():
            how = (service.config.get("depends_on") or {}).get(name) or {}
            if how.get("restart") and other in there and other not in chosen:
                chosen.append(other)
    return [every[name] for name in chosen]


def begin(connected: Runtime, merged: Model, names: Sequence[str], containers: Sequence[Container]) -> Start:
    """A start that restarts services; called once more, it goes on with those that it has not reached.

    Args:
        connected: Where they run.
        merged: The model that they are part of.
        names: The services.
        containers: All of the project's, as they are before.
    """
    before = {(each.id, each.started) for each in containers}
    left: list[str] | None = None

    def start(attempt: Attempt) -> None:
        nonlocal left
        if left is not None:
            found = background.until_cancelled(attempt.ending, lambda: connected.containers(merged.stack.project)) or []
            untouched = {each.service for each in found if (each.id, each.started) in before}
            left = [name for name in left if name in untouched]
        else:
            left = list(names)
        if left:
            connected.restart(merged, left, attempt)

    return start
