"""Have Swarm end the tasks of services for a while: a task that anybody else stops is started again at once."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from upready.engine.connection import answering
from upready.runtime.interface import Container
from upready.runtime.swarm.task_state import ENDED, GONE
from upready.support import next_step
from upready.support.errors import DataError, EngineError, StartError

PATIENCE = 120.0
"""Seconds for tasks to end, beyond the longest `stop_grace_period`."""

LOOK_EVERY = 0.2
"""Seconds between two looks."""

_TURNS = 5
"""So often a change is made again that somebody else's has overtaken."""


def replicas(api: Any, users: Iterable[Container]) -> dict[str, int]:
    """The services of some tasks, by id, and how many replicas each is to have.

    Args:
        api: The SDK's client of a manager, as the functions below get it.
        users: Containers of their tasks.

    Raises:
        DataError: One has no number of replicas: it runs on each node, or is a job.
        EngineError: The engine does not answer.
    """
    found: dict[str, int] = {}
    for each in users:
        service = each.slot.partition(".")[0]
        with answering():
            spec = api.inspect_service(service)["Spec"]
        count = (spec["Mode"].get("Replicated") or {}).get("Replicas")
        if count is None:
            raise DataError(
                f"{each.service} cannot be stopped for a while: in Swarm only a service with replicas can",
                details=[f"its mode is {', '.join(spec['Mode'])}; nothing was changed"],
                next=next_step.again("--into", f"{each.service}_restored"),
            )
        found[service] = int(count)
    return found


def scale(api: Any, wanted: Mapping[str, int], gone: Callable[[], bool] = lambda: False) -> None:
    """Give services so many replicas, and wait until the tasks of those that get none have ended.

    One gets replicas only once those that are to end have ended: else two would use one volume. One that does not end
    holds that up for a while, and not for ever.

    Args:
        api: The SDK's client of a manager.
        wanted: The numbers, by the services' ids.
        gone: Whether the engine that has the tasks answers no more; then nobody ends them.

    Raises:
        StartError: A task does not end.
        EngineError: An engine does not answer.
    """
    for service, count in wanted.items():
        if count:
            with contextlib.suppress(StartError):
                _wait(api, service, to_end=True)
        _change(api, service, count)
    for service, count in wanted.items():
        if not count:
            _wait(api, service, gone)


def _change(api: Any, service: str, count: int) -> None:
    from docker.errors import APIError, NotFound

    for turn in range(_TURNS):
        with answering():
            try:
                found = api.inspect_service(service)
                spec = {**found["Spec"], "Mode": {"Replicated": {"Replicas": count}}}
                url = api._url("/services/{0}/update", service)
                api._raise_for_status(api._post_json(url, data=spec, params={"version": found["Version"]["Index"]}))
            except NotFound:
                return  # somebody has stopped the stack meanwhile
            except APIError as error:
                if "out of sequence" not in str(error) or turn == _TURNS - 1:
                    raise
            else:
                return


def _wait(api: Any, service: str, gone: Callable[[], bool] = lambda: False, *, to_end: bool = False) -> None:
    """Wait until the tasks of a service have ended; with `to_end`, those that Swarm wants to end."""
    from docker.errors import NotFound

    deadline = None
    while True:
        with answering():
            try:
                found = api.tasks(filters={"service": service})
            except NotFound:
                return  # somebody has stopped the stack meanwhile
        alive = [each for each in found if each["Status"]["State"] not in ENDED]
        tasks = [each for each in alive if not to_end or each.get("DesiredState") in GONE]
        if not tasks:
            return
        if gone():
            raise EngineError(
                "the Docker Engine of the node that has the data has stopped answering",
                details=[f"Swarm waits for a task there to end: docker service ps {service}"],
                next="docker node ls",
            )
        graces = (int(each["Spec"]["ContainerSpec"].get("StopGracePeriod") or 0) / 1e9 for each in tasks)
        deadline = deadline or time.monotonic() + PATIENCE + max(graces)
        if time.monotonic() > deadline:
            raise StartError(f"a task of the service {service} does not end", next=f"docker service ps {service}")
        time.sleep(LOOK_EVERY)
