"""The end of containers that are no longer needed: their `pre_stop` hooks, then a stop with their own grace period."""

from __future__ import annotations

import contextlib
import shlex
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from upready.runtime.docker.containers import Containers
from upready.runtime.docker.engine import FAILED, answering
from upready.runtime.interface import Container, Note
from upready.stack import compose_failure
from upready.support.errors import StartError

_LOOK = (0.02, 0.5)
"""Seconds between two looks whether a hook has ended: at first, and later on."""


@dataclass(frozen=True)
class Hooks:
    """The `pre_stop` of a service. Compose runs these at a stop of a service, not at the end of one container.

    Attributes:
        each: The hooks, as in the compose file.
        seconds: How long all of them together may take in one container. Compose itself waits without end.
    """

    each: Sequence[Mapping[str, Any]] = ()
    seconds: float = 0.0


NONE = Hooks()


def retire(engine: Containers, containers: Sequence[Container], hooks: Hooks = NONE, tell: Note = print) -> None:
    """Stop and remove containers, all at the same time, with the anonymous volumes that are theirs.

    Args:
        engine: Where they are.
        containers: Which ones.
        hooks: Run before, in each one that runs.
        tell: Told of a hook that failed, or has not ended; the stop goes on, as compose's does.
    """
    over = threading.Event()

    def end(container: Container) -> None:
        if container.state == "running":
            _run(engine, container, hooks, tell, over)
        engine.remove(container)

    if containers:
        with ThreadPoolExecutor(len(containers)) as pool:
            try:
                list(pool.map(end, containers))
            except BaseException:  # also Ctrl-C: the pool waits for its threads
                over.set()
                raise


def keep(engine: Containers, containers: Sequence[Container]) -> list[str]:
    """Stop containers of a release that failed, and keep them until the next one, for their logs; returns names."""
    api: Any = engine.client.api

    def end(each: Container) -> str:
        with answering(), contextlib.suppress(_not_found()):
            # An engine that is restarted would start it again otherwise (`restart: always`).
            api.update_container(each.id, restart_policy={"Name": "no"})
        stop(engine, each)
        with answering(), contextlib.suppress(_not_found()):
            api.rename(each.id, each.name + FAILED)
            return each.name + FAILED
        return ""

    if not containers:
        return []
    with ThreadPoolExecutor(len(containers)) as pool:
        return [each for each in pool.map(end, containers) if each]


def kept(engine: Containers, project: str) -> list[Container]:
    """Those that were kept."""
    return [each for each in engine.every(project) if each.name.endswith(FAILED)]


def start(engine: Containers, container: Container) -> None:
    """Start a container again that was stopped.

    Raises:
        EngineError: The engine does not answer.
    """
    with answering(), contextlib.suppress(_not_found()):
        engine.client.api.start(container.id)


def begin(engine: Containers, container: Container) -> None:
    """Start a new container.

    Raises:
        StartError: The engine refuses, in the words that compose would have for it.
        EngineError: The engine does not answer.
    """
    from docker.errors import APIError

    with answering():
        try:
            engine.client.api.start(container.id)
        except APIError as error:
            refused = compose_failure.by_engine(container.name, str(error.explanation or error))
            raise refused.as_error(StartError) from error


def stop(engine: Containers, container: Container, hooks: Hooks = NONE, tell: Note = print) -> None:
    """Stop a container, with its own grace period, and leave it there; the other arguments are those of `retire`.

    Raises:
        EngineError: The engine does not answer.
    """
    _run(engine, container, hooks, tell, threading.Event())
    # The engine waits for as long as the container's own setting says; compose has put it there.
    grace = (container.raw.get("Config") or {}).get("StopTimeout") or 10
    api: Any = engine.client.api
    with answering(), contextlib.suppress(_not_found()):
        response = api._post(api._url("/containers/{0}/stop", container.id), timeout=grace + api.timeout)
        if response.status_code != 304:
            api._raise_for_status(response)


def _run(engine: Containers, container: Container, hooks: Hooks, tell: Note, over: threading.Event) -> None:
    """Run hooks in a container, one after the other, until all have ended, time is up, or `over` is set."""
    deadline = time.monotonic() + hooks.seconds
    for hook in hooks.each:
        with answering(), contextlib.suppress(_not_found()):
            code = _ended(engine, _begin(engine, container, hook), deadline, over)
            if over.is_set():
                return
            if code is None:
                late = f"has not ended after {hooks.seconds:g} s in {container.name}: it is stopped all the same"
                tell(f"pre_stop of {container.service} {late}")
                return
            if code:
                tell(f"pre_stop of {container.service} ended with exit code {code} in {container.name}")


def _begin(engine: Containers, container: Container, hook: Mapping[str, Any]) -> str:
    """Start a hook, and return the id of its run."""
    command = hook.get("command") or []
    api: Any = engine.client.api
    made = api.exec_create(
        container.id,
        shlex.split(command) if isinstance(command, str) else list(command),
        stdout=False,
        stderr=False,
        user=str(hook.get("user") or ""),
        privileged=bool(hook.get("privileged")),
        workdir=hook.get("working_dir"),
        environment=dict(hook.get("environment") or {}),
    )
    api.exec_start(made["Id"], detach=True)
    return str(made["Id"])


def _ended(engine: Containers, run: str, deadline: float, over: threading.Event) -> int | None:
    """The exit code of a hook once it has ended; None where time is up before, or `over` is set."""
    wait, longest = _LOOK
    while True:
        found = engine.client.api.exec_inspect(run)
        if not found["Running"] and found["ExitCode"] is not None:
            return int(found["ExitCode"])
        if time.monotonic() >= deadline or over.wait(wait):
            return None
        wait = min(longest, wait * 1.5)


def _not_found() -> type[Exception]:
    from docker.errors import NotFound

    return NotFound
