"""What is watched: the rules of the stack that runs, and whether it may be watched at all."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from upready.operations import exclusive
from upready.operations.watch import rules
from upready.operations.watch.rules import Rule
from upready.runtime import choice, current, interface
from upready.runtime.interface import Note, Runtime
from upready.stack import model
from upready.stack.model import Model
from upready.stack.settings import NATIVE, SWARM, Settings
from upready.support import shell_words
from upready.support.errors import UsageError


@dataclass(frozen=True)
class Watched:
    """What is watched.

    Attributes:
        settings: The project's.
        connected: Where it runs.
        merged: The stack.
        rules: The rules.
        names: The services that were asked for; none means all.
    """

    settings: Settings
    connected: Runtime
    merged: Model
    rules: Sequence[Rule]
    names: tuple[str, ...] = ()


def find(
    settings: Settings, services: Sequence[str], timeout: float | None, tell: Note, *, dry: bool = False
) -> Watched:
    """What would be watched.

    Args:
        settings: The project's.
        services: Only these; none means all that have rules.
        timeout: Seconds within which services must be ready after a change, instead of the environment's.
        tell: Told in one line of an engine that could not be asked.
        dry: Whether nothing needs to run, as nothing will be done.

    Raises:
        UsageError: There is no rule, nothing runs, or this cannot be watched.
        LockedError: Another task is at work on the project.
    """
    exclusive.check(settings.root)
    connected = choice.find(settings, tell, task="invoke watch", remember=not dry)
    stack, containers = current.current(settings, connected)
    if settings.environment(stack.environment).strict:
        raise UsageError(
            f"{stack.project} runs as {stack.environment}: a watch would change what users are served",
            next=f"invoke {stack.environment}",
        )
    if connected.name == SWARM:
        raise UsageError(
            f"{stack.project} runs in Swarm, where compose watches nothing",
            next=shell_words.in_turn("invoke stop", "invoke dev --runtime docker --watch"),
        )
    stack = dataclasses.replace(stack, timeout=stack.timeout if timeout is None else timeout)
    merged = model.load_running(stack, [each.service for each in containers]) if containers else model.load(stack)
    found = rules.of(merged, services)
    if not (containers or dry):
        raise UsageError(f"nothing of {stack.project} runs", next="invoke dev --watch")
    if connected.name == NATIVE:
        found = [dataclasses.replace(each, mounted=False, target="") for each in found]
    return Watched(settings, connected, connected.fit(merged, interface.silent), found, tuple(services))
