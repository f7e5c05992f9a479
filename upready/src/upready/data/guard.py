"""Give services back what was taken from them for a moment, also where the task that took it is killed.

A process of its own waits until the task says that it has done so itself. It does it where the task ends without that:

    python -m upready.data.guard unpause|start|scale CONTEXT CONTAINER|SERVICE=REPLICAS…

CONTEXT is the docker context of the engine that has the containers; empty for the one that this process asks anyway.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from upready.engine import chosen
from upready.runtime.docker import containers
from upready.runtime.docker.containers import Containers
from upready.runtime.docker.engine import answering
from upready.runtime.interface import Container
from upready.runtime.swarm import scaling
from upready.support import next_step, platform
from upready.support.errors import DataError, EngineError, OpsError

LABEL = "upready.data"
"""On containers of our own, through which volumes are read and written: the project's name."""

PATIENCE = 3600.0
"""Seconds that an engine which is gone may take to come back."""

_DONE = b"."

_ACTIONS = {"paused": ("pause", "unpause"), "stopped": ("stop", "start")}

_SCALE = "scale"


@contextlib.contextmanager
def still(engine: Containers, users: Sequence[Container], how: str) -> Iterator[None]:
    """Keep containers paused or stopped during the block; `running` leaves them alone.

    They go on afterwards, whatever becomes of this process; where the engine is gone, once it answers again. In Swarm
    those that were stopped are other containers then.

    Raises:
        DataError: Swarm cannot stop one for a while, or the engine cannot pause, stop or start one.
        EngineError: The engine does not answer.
    """
    if how not in _ACTIONS or not users:
        yield
        return
    halt, resume = _ACTIONS[how]
    ended = names = [each.id for each in users]
    asked = engine
    if how == "stopped" and engine.manager:
        asked, halt, resume = engine.manager, _SCALE, _SCALE
        usual = scaling.replicas(asked.client.api, users)
        ended, names = (
            [f"{service}={count}" for service, count in each.items()] for each in (dict.fromkeys(usual, 0), usual)
        )
    watcher = subprocess.Popen(
        [sys.executable, "-m", "upready.data.guard", resume, engine.context, *names],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **platform.detached(),
    )
    word, halted = b"", False
    try:
        try:
            _halt(engine, asked, halt, ended)
            halted = True
            yield
        except EngineError as error:
            services = ", ".join(sorted({each.service for each in users}))
            error.details.append(f"{services} may be {how} until it answers again")
            raise
        except BaseException:
            if halted:
                _each(asked, resume, names)
                word = _DONE
            raise
        _each(asked, resume, names)
        word = _DONE
    finally:
        with contextlib.suppress(OSError), watcher.stdin or contextlib.nullcontext() as told:
            if told and word:
                told.write(word)
        if word:
            watcher.wait()


def _halt(engine: Containers, asked: Containers, action: str, names: Sequence[str]) -> None:
    """Pause or stop them; what Swarm is to stop on another engine is waited for only while that answers."""
    if action != _SCALE:
        _each(asked, action, names)
        return
    with engine.heartbeat.watching() as gone:
        scaling.scale(asked.client.api, _counts(names), gone.is_set)


def _counts(names: Sequence[str]) -> dict[str, int]:
    return {service: int(count) for service, _, count in (each.partition("=") for each in names)}


def wait(connected: Containers, project: str) -> None:
    """Wait until no container of ours works on a volume of a project: one may go on after its task was killed."""
    with answering():
        for each in connected.client.api.containers(filters={"label": f"{LABEL}={project}"}):
            connected.client.api.wait(each["Id"])


def _each(connected: Containers, action: str, names: Sequence[str]) -> None:
    """Do something with each container; one that is gone, or is like that already, is left alone.

    Raises:
        DataError: The engine cannot do it with one: it is done with all others.
        EngineError: It refuses, or does not answer.
    """
    from docker.errors import APIError

    api: Any = connected.client.api
    if action == _SCALE:
        scaling.scale(api, _counts(names))
        return
    failed: DataError | None = None
    for name in names:
        with answering():
            try:
                getattr(api, action)(name)
            except APIError as error:
                # 304 is no error; 409 where it is paused already, or ended meanwhile.
                if error.status_code not in (404, 409, 500):
                    raise
                # 500 is told of what has ended meanwhile, and of what cannot be done.
                if error.status_code == 500 and (service := _unlike(api, action, name)):
                    failed = failed or _failure(action, service, error)
    if failed:
        raise failed


def _unlike(api: Any, action: str, name: str) -> str:
    """The name of a container that is not as an action leaves one; empty where it is, or is gone."""
    from docker.errors import NotFound

    try:
        found = api.inspect_container(name)
    except NotFound:
        return ""
    state = found["State"]
    running, paused = bool(state.get("Running")), bool(state.get("Paused"))
    done = {"pause": paused or not running, "unpause": not paused, "stop": not running, "start": running}[action]
    return "" if done else str(found.get("Name") or name).lstrip("/")


def _failure(action: str, name: str, error: Any) -> DataError:
    done, step = {
        "pause": ("paused", f"say that in the compose file, then: {next_step.AGAIN}"),
        "stop": ("stopped", f"docker stop {name}"),
        "unpause": ("let go on", f"docker unpause {name}"),
        "start": ("started again", f"docker start {name}"),
    }[action]
    details = [str(error.explanation or error)]
    if action == "pause":
        details.append("its service can be stopped meanwhile instead: x-ops.data with read: stopped")
    return DataError(f"{name} cannot be {done}", details=details, next=step)


def _connected(context: str = "") -> Containers:
    """The engine of a context, once it answers."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with chosen.for_now(context) if context else contextlib.nullcontext():
                return containers.connect()
        except OpsError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


def _await_exchange(connected: Containers) -> None:
    """Where the files of a volume are being exchanged, that ends first."""
    with contextlib.suppress(OpsError), answering():
        for each in connected.client.api.containers(filters={"label": LABEL}):
            connected.client.api.wait(each["Id"])


def main(arguments: Sequence[str]) -> int:
    """Wait for the task's word or its end; returns an exit code."""
    platform.outlive_signals()
    action, context, *names = arguments
    if sys.stdin.buffer.read() != _DONE:
        by_manager = bool(context) and action == _SCALE
        connected = None
        # The manager gives a service its replicas back also where its node stays away.
        with contextlib.suppress(*(OpsError,) if by_manager else ()):
            connected = _connected(context)
            _await_exchange(connected)
        _each(_connected() if by_manager or connected is None else connected, action, names)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
