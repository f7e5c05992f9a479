"""A service's `pre_start` hooks beside the containers that serve: compose runs them only where no replica runs."""

from __future__ import annotations

import contextlib
import shlex
import threading
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from upready.runtime.docker.engine import answering
from upready.stack import compose, compose_call
from upready.stack.selection import Stack
from upready.support.errors import EngineError, StartError

if TYPE_CHECKING:
    from upready.runtime.docker.engine import Engine

LINES = 20
"""The last lines of a hook that failed, which are told."""


def run(engine: Engine, stack: Stack, service: str, hook: Mapping[str, Any]) -> None:
    """Run a hook in a container of its own, and remove that.

    Args:
        engine: Where.
        stack: What the service is part of; its timeout is the hook's.
        service: The service.
        hook: As in the compose file.

    Raises:
        StartError: It did not end with 0, or not in time.
        EngineError: The engine went away.
    """
    command = hook.get("command") or []
    words = shlex.split(command) if isinstance(command, str) else [str(each) for each in command]
    given = {key: str(value) for key, value in (hook.get("environment") or {}).items() if value is not None}
    name = f"{stack.project}-{service}-pre_start-{uuid.uuid4().hex[:8]}"
    line = ["run", "--rm", "--no-deps", "--no-TTY", "--quiet-pull", "--name", name]
    for option, key in (("--user", "user"), ("--workdir", "working_dir")):
        line += [option, str(hook[key])] if hook.get(key) else []
    for variable in given:  # its value, which may be a secret, does not stand on the command line
        line += ["--env", variable]
    said: list[str] = []
    late = threading.Event()
    clock = threading.Timer(stack.timeout, late.set)
    clock.start()
    try:
        code = compose_call.stream(
            compose.command(stack, *line, "--entrypoint", words[0], service, *words[1:]),
            said.append,
            engine,
            cwd=stack.root,
            env={**stack.variables, **given},
            cancel=late,
            running=[f"a pre_start hook of {service} may still run"],
        )
    finally:
        clock.cancel()
        _discard(engine, name)
    if late.is_set() or code:
        place = f"correct services.{service}.pre_start"
        longer = f"{place}, or give ops.environments.{stack.environment}.timeout more seconds"
        what = f"has not ended after {stack.timeout:g} s" if late.is_set() else f"ended with exit code {code}"
        raise StartError(
            f"the pre_start hook of {service} {what}: {shlex.join(words)}",
            details=[each for each in said if each.strip()][-LINES:],
            next=f"{longer if late.is_set() else place}, then: invoke prod",
        )


def _discard(engine: Engine, name: str) -> None:
    """Remove the container of a hook, whatever it is at: a compose that was interrupted may leave it running."""
    from docker.errors import APIError

    with contextlib.suppress(EngineError), answering(), contextlib.suppress(APIError):
        engine.client.api.remove_container(name, v=True, force=True)
