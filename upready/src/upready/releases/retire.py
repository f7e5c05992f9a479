"""The end of containers that are no longer needed: their `pre_stop` hooks, then a stop with their own grace period."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from upready.runtime.docker.containers import Containers
from upready.runtime.docker.engine import FAILED, answering
from upready.runtime.interface import Container, Note
from upready.stack import compose_failure
from upready.support.errors import StartError


def retire(
    engine: Containers, containers: Sequence[Container], hooks: Iterable[Mapping[str, Any]] = (), tell: Note = print
) -> None:
    """Stop and remove containers, all at the same time, with the anonymous volumes that are theirs.

    Args:
        engine: Where they are.
        containers: Which ones.
        hooks: Their service's `pre_stop`. Compose runs these at a stop of a service, not at the end of one container.
        tell: Told of a hook that failed; the stop goes on, as compose's does.
    """
    told = list(hooks)

    def end(container: Container) -> None:
        if container.state == "running":
            for hook in told:
                _run(engine, container, hook, tell)
        engine.remove(container)

    if containers:
        with ThreadPoolExecutor(len(containers)) as pool:
            list(pool.map(end, containers))


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


def stop(engine: Containers, container: Container) -> None:
    """Stop a container, with its own grace period, and leave it there.

    Raises:
        EngineError: The engine does not answer.
    """
    # The engine waits for as long as the container's own setting says; compose has put it there.
    grace = (container.raw.get("Config") or {}).get("StopTimeout") or 10
    api: Any = engine.client.api
    with answering(), contextlib.suppress(_not_found()):
        response = api._post(api._url("/containers/{0}/stop", container.id), timeout=grace + api.timeout)
        if response.status_code != 304:
            api._raise_for_status(response)


def _run(engine: Containers, container: Container, hook: Mapping[str, Any], tell: Note) -> None:
    command = hook.get("command") or []
    api: Any = engine.client.api
    with answering(), contextlib.suppress(_not_found()):
        made = api.exec_create(
            container.id,
            shlex.split(command) if isinstance(command, str) else list(command),
            user=str(hook.get("user") or ""),
            privileged=bool(hook.get("privileged")),
            workdir=hook.get("working_dir"),
            environment=dict(hook.get("environment") or {}),
        )
        api.exec_start(made["Id"])
        code = api.exec_inspect(made["Id"])["ExitCode"]
        if code:
            tell(f"pre_stop of {container.service} ended with exit code {code} in {container.name}")


def _not_found() -> type[Exception]:
    from docker.errors import NotFound

    return NotFound
