"""Which engine a call asks: `--host`, else the shell's variables, else `invoke.yaml`, else the current context."""

from __future__ import annotations

import dataclasses

from upready.engine import chosen, endpoint
from upready.runtime import last_used
from upready.runtime.interface import Note
from upready.stack import setting_error
from upready.stack.settings import DOCKER, NATIVE, SWARM, Settings
from upready.support import next_step
from upready.support.errors import UsageError


def at(settings: Settings, host: str, environment: str, tell: Note) -> Settings:
    """Have this process ask the engine that is meant.

    Args:
        settings: The project's.
        host: The value of `--host`; empty where it was not given.
        environment: The environment that the task is about; empty for the one that this folder started last.
        tell: Gets a line where the shell names another engine than `invoke.yaml`.

    Returns:
        The settings; where an engine is named, the stack runs on an engine.

    Raises:
        UsageError: There is no such engine.
    """
    forced = settings.runtime_forced and settings.runtime == NATIVE
    if host:
        if forced:
            raise UsageError(
                "--host and --runtime native do not go together: without an engine, this machine is the host",
                next=next_step.again("--runtime", DOCKER),
            )
        chosen.use(host, chosen.FLAG)
        return _on_engine(settings, environment)
    name = environment or last_used.recall(settings.root).environment
    meant = settings.environments.get(name) or settings.environments[settings.default]
    if not meant.context or forced:
        return settings
    path = f"ops.environments.{meant.name}.context"
    if variable := chosen.of_shell():
        if meant.context not in (endpoint.asked().context, endpoint.asked().url):
            tell(f"{variable} counts: it leads to {endpoint.asked()}, and {path} in invoke.yaml to {meant.context}")
        return settings
    try:
        chosen.use(meant.context, f"invoke.yaml: {path}")
    except UsageError as error:
        raise setting_error.placed(error, settings.root) from None
    return _on_engine(settings, meant.name)


def _on_engine(settings: Settings, environment: str) -> Settings:
    """The settings of a stack that runs on an engine: in Swarm, where that is asked for."""
    known = settings.environments.get(environment)
    asked = settings.runtime_of(known.name) if known else settings.runtime
    runtime = SWARM if asked == SWARM else DOCKER
    return dataclasses.replace(settings, runtime=runtime, runtime_forced=True)
