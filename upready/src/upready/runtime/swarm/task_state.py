"""How one task of Swarm is read as a container: its state, health, exit code, error and ports."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from upready.runtime.docker import inspection
from upready.runtime.interface import Container
from upready.support import times

ELSEWHERE: Mapping[str, Any] = {"Elsewhere": True}
"""In the inspection of a container that is on another node than the manager's own."""

ENDED = ("complete", "failed", "rejected", "orphaned", "shutdown", "remove")
"""The states in which a task has ended, as Swarm calls them."""

GONE = ("shutdown", "remove")
"""The states that Swarm wants of a task that is needed no more."""

STARTING = "starting"
"""The state of a container whose health check has not passed yet: its name leads nobody to it before."""

UNSTARTED = "starting container failed"
"""The words of a task whose container was made, and whose program was never run."""

_PLAIN = re.compile(r"task: non-zero exit|unhealthy container|task: container .* unhealthy", re.IGNORECASE)
"""Errors of a task that say only that its program ended; every other one says why it could not be started."""


def container_of(task: Mapping[str, Any]) -> str:
    """The id of a task's container; empty where it has none yet."""
    return str((task["Status"].get("ContainerStatus") or {}).get("ContainerID") or "")


def has_failed(container: Container) -> bool:
    """Whether a task has ended in failure, or was refused, and Swarm starts no other one."""
    ended = container.state == "exited" and bool(container.exit_code)
    refused = container.state in ("created", "exited") and bool(container.error)
    sick = container.state == STARTING and container.health == "unhealthy"
    return container.restart_policy == "no" and (ended or refused or sick)


def is_job(task: Mapping[str, Any]) -> bool:
    """Whether a task is of a service whose tasks end by themselves."""
    return "JobIteration" in task


def elsewhere(container: Container) -> bool:
    """Whether a container is on another node than the manager's own."""
    return "Elsewhere" in container.raw


def joined(container: Container, inspected: Container) -> Container:
    """A container elsewhere, with what the engine of its node says of it besides."""
    whole = dataclasses.replace(
        container,
        raw={**inspected.raw, **ELSEWHERE},
        image_id=inspected.image_id,
        probes=inspected.probes,
        oom_killed=inspected.oom_killed,
    )
    if container.state in ("exited", "restarting") and _ended_unhealthy(container.exit_code, inspected):
        return dataclasses.replace(whole, state=STARTING, health="unhealthy", exit_code=None)
    return whole


def _ended_unhealthy(code: int | None, inspected: Container) -> bool:
    """Whether Swarm ended a container because its health check failed, by what the engine of its node says.

    Swarm calls such a task failed only if its program did not end with 0 when it was told to end.
    """
    return inspected.health == "unhealthy" and not code


def _as_told(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """What Swarm tells of a container, in the form of an inspection; the rest only the engine of its node knows."""
    mounts = [
        {
            "Type": each.get("Type"),
            "Name": each.get("Source") or "",
            "Source": each.get("Source") or "",
            "Destination": each.get("Target"),
            "RW": not each.get("ReadOnly"),
        }
        for each in spec.get("Mounts") or ()
    ]
    config = {"Env": spec.get("Env"), "Entrypoint": spec.get("Command"), "Cmd": spec.get("Args")}
    empty: Mapping[str, Any] = {"HostConfig": {}, "State": {}, "NetworkSettings": {}}
    return {"Config": config, "Mounts": mounts, **empty, **ELSEWHERE}


def base_of(held: Mapping[str, Any] | None, task: Mapping[str, Any]) -> Container:
    """What the engine of the task's node says of it, where that is the manager's own; else what Swarm says."""
    if held is not None:
        return inspection.container(held)
    status, spec = task["Status"], task["Spec"]["ContainerSpec"]
    moment = times.moment(status["Timestamp"]) if status.get("Timestamp") else None
    ran = status["State"] in ("running", "complete", "failed", STARTING) and bool(container_of(task))
    ended = status["State"] in ENDED
    # Of a task that has ended, Swarm tells only when it ended, and when it was made.
    began = times.moment(task["CreatedAt"]) if ended else moment
    return Container(
        id=str(container_of(task) or task["ID"]),
        name="",
        service="",
        replica=1,
        image="",
        state="created",
        health="",
        probes=(),
        exit_code=None,
        oom_killed=False,
        error="",
        restarts=0,
        started=began if ran else None,
        finished=moment if ended else None,
        terminal=bool(spec.get("TTY")),
        raw=_as_told(spec),
    )


def state_of(task: Mapping[str, Any], base: Container, *, alive: bool) -> str:
    """A task's state in the words for containers."""
    state = str(task["Status"]["State"])
    if state == "running":
        # The engine notices the end of a container before Swarm does.
        return base.state if not elsewhere(base) and base.state in ("exited", "dead", "paused") else "running"
    if state == STARTING:
        return STARTING if base.started or elsewhere(base) else "created"
    if state == "rejected":
        return "created"
    if _sickened(task, base):
        return STARTING
    if state in ENDED:
        lasting = alive and state != "complete"
        return "restarting" if lasting and not error_of(task, base) else "exited"
    return "created"


def health_of(task: Mapping[str, Any], base: Container) -> str:
    """Its health: Swarm itself calls a task running only once its health check has passed."""
    if _sickened(task, base):
        return "unhealthy"
    if not elsewhere(base):
        return "healthy" if base.health == "starting" and task["Status"]["State"] == "running" else base.health
    if not (task["Spec"]["ContainerSpec"].get("Healthcheck") or {}).get("Test"):
        return ""
    return {"running": "healthy", STARTING: "starting"}.get(str(task["Status"]["State"]), "")


def exit_code_of(task: Mapping[str, Any], base: Container) -> int | None:
    """With which code its program ended; None where it has not, or was ended because it was unhealthy."""
    status = task["Status"]
    if _sickened(task, base):
        return None
    if status["State"] not in ("complete", "failed"):
        return base.exit_code
    code = (status.get("ContainerStatus") or {}).get("ExitCode")
    return int(code) if code is not None else base.exit_code


def _sickened(task: Mapping[str, Any], base: Container) -> bool:
    """Whether Swarm has ended a task because its health check failed: the exit code is only that of the end."""
    state, said = task["Status"]["State"], str(task["Status"].get("Err") or "")
    if state == "complete" and not elsewhere(base) and not is_job(task):
        return _ended_unhealthy(base.exit_code, base)
    return state == "failed" and "unhealthy container" in said


def error_of(task: Mapping[str, Any], base: Container) -> str:
    """Why it could not be started, or cannot be yet; empty where its program has run."""
    said = str(task["Status"].get("Err") or "")
    if base.error:
        return base.error
    if task["Status"]["State"] == "failed" and base.started is not None and UNSTARTED not in said:
        return ""
    return "" if _PLAIN.search(said) else said


def ports_of(service: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[tuple[str, int, str, int], ...]:
    """The ports that a node publishes for this task, and those that every node publishes for its service."""
    own = (status.get("PortStatus") or {}).get("Ports") or ()
    shared = [each for each in (service.get("Endpoint") or {}).get("Ports") or () if each.get("PublishMode") != "host"]
    found = {
        ("0.0.0.0", int(each["PublishedPort"]), str(each.get("Protocol") or "tcp"), int(each["TargetPort"]))  # noqa: S104 - told, not bound
        for each in (*own, *shared)
        if each.get("PublishedPort")
    }
    return tuple(sorted(found, key=lambda port: (port[3], port[1])))
