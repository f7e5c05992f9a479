"""The tasks of Swarm as `Container`s: of each place of a service the newest task, with what became of those before."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from upready.runtime.docker import inspection
from upready.runtime.interface import Container
from upready.runtime.swarm import names
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

_POLICIES = {"any": "always", "on-failure": "on-failure", "none": "no"}


@dataclass(frozen=True)
class Cluster:
    """What a manager says of a stack at one moment.

    Attributes:
        services: The services, as the API has them, by id.
        tasks: All their tasks that are known, ended ones included.
        nodes: The name of each node, by id.
        held: The engine's inspection of the containers on the manager's own node, by id.
        seen: The tasks that have failed, by place: Swarm forgets all but the last four, and a process does not.
    """

    services: Mapping[str, Mapping[str, Any]]
    tasks: Sequence[Mapping[str, Any]]
    nodes: Mapping[str, str]
    held: Mapping[str, Mapping[str, Any]]
    seen: dict[tuple[str, int], set[str]] = field(default_factory=dict)

    def containers(self) -> list[Container]:
        """A container for each place of each service, by service and number."""
        found = []
        for identifier, service in self.services.items():
            places = sorted(_needed(service, _places(self._of(identifier))).items())
            for number, (place, tasks) in enumerate(places, 1):
                replica = place[0] or number
                if made := self._container(service, replica, tasks):
                    found.append(made)
        return sorted(found, key=lambda each: (each.service, each.replica))

    def failed(self, service: str, since: datetime) -> list[Container]:
        """The tasks of a service that ended in failure, or were refused, of those made from a moment on; newest first.

        Of a service that is meant to go on, one that ended with 0 has failed too: Swarm ends what is unhealthy, and
        many programs end well when they are told to.

        Args:
            service: Its name in the compose file.
            since: The moment, by the swarm's clock.
        """
        found = []
        for identifier, known in self.services.items():
            if names.key_of(known) != service:
                continue
            for task in reversed(self._of(identifier)):
                state = task["Status"]["State"]
                bad = state in ("failed", "rejected") or (state == "complete" and not _is_job(task))
                if bad and times.moment(task["CreatedAt"]) >= since:
                    found.append(self._one(known, int(task.get("Slot") or 1), task, (), alive=False))
        return found

    def _of(self, identifier: str) -> list[Mapping[str, Any]]:
        """The tasks of a service, oldest first; of a job those of its last run."""
        own = [each for each in self.tasks if each.get("ServiceID") == identifier]
        runs = [int((each.get("JobIteration") or {}).get("Index") or 0) for each in own]
        last = max(runs, default=0)
        mine = [each for each, run in zip(own, runs, strict=True) if run == last]
        return sorted(mine, key=lambda each: str(each["CreatedAt"]))

    def _container(
        self, service: Mapping[str, Any], replica: int, tasks: Sequence[Mapping[str, Any]]
    ) -> Container | None:
        """The container of a place; None where Swarm wants nobody there any more.

        A task on a node that does not answer stays in the state that it had, and nobody is there to end it.
        """
        # After an update that went back, what runs is older than what failed.
        wanted = [at for at, each in enumerate(tasks) if each.get("DesiredState") not in GONE]
        at = wanted[-1] if wanted else len(tasks) - 1
        newest = tasks[at]
        state = str(newest["Status"]["State"])
        if not wanted and state not in ("complete", "failed", "rejected"):
            return None
        before = [each for each in tasks[:at] if each.get("Spec") == newest.get("Spec")]
        failed = [each for each in before if each["Status"]["State"] in ("failed", "rejected", "complete")]
        # What failed before another task had that place says nothing of now.
        if state not in (*ENDED, "running", STARTING) and failed and failed[-1] is tasks[at - 1]:
            return self._again(service, replica, newest, failed)
        alive = newest.get("DesiredState") not in GONE
        return self._one(service, replica, newest, failed, alive=alive)

    def _again(
        self,
        service: Mapping[str, Any],
        replica: int,
        newest: Mapping[str, Any],
        failed: Sequence[Mapping[str, Any]],
    ) -> Container:
        """The container of a place whose last task has ended, while the next one is not started yet."""
        if newest["Status"].get("Err"):
            return self._one(service, replica, newest, failed, alive=True)  # no node takes it
        found = self._one(service, replica, failed[-1], failed, alive=True)
        if UNSTARTED in found.error and len(failed) == 1:
            # A network that is not there yet, or a port that is taken on one node: the next task may be started.
            return dataclasses.replace(found, state="restarting", error="")
        if found.error or found.state == STARTING:
            return found
        return dataclasses.replace(found, state="restarting")

    def _one(
        self,
        service: Mapping[str, Any],
        replica: int,
        task: Mapping[str, Any],
        failed: Sequence[Mapping[str, Any]],
        *,
        alive: bool,
    ) -> Container:
        """One task.

        Args:
            service: Its service.
            replica: Its number.
            task: The task.
            failed: The tasks of the same place that ended before it.
            alive: Whether Swarm goes on with that place.
        """
        status, spec, held = task["Status"], task["Spec"], self._held(task)
        base = _base(held, task)
        labels = (service["Spec"].get("Labels") or {}) if service else {}
        policy = spec.get("RestartPolicy") or {}
        key = (str(task.get("ServiceID")), replica)
        count = len(self.seen.setdefault(key, set()) | {str(each["ID"]) for each in failed})
        self.seen[key] |= {str(each["ID"]) for each in failed}
        limits = (spec.get("Resources") or {}).get("Limits") or {}
        told = names.origin(labels)
        first = failed[0] if failed else task
        return dataclasses.replace(
            base,
            name=f"{service['Spec']['Name']}.{replica}",
            service=names.key_of(service),
            replica=replica,
            image=str(labels.get(names.IMAGE) or spec["ContainerSpec"]["Image"]),
            state=_state(task, base, alive=alive),
            health=_health(task, base),
            exit_code=_exit_code(task, base),
            error=_error(task, base),
            restarts=count,
            created=times.moment(first["CreatedAt"]),
            restart_policy=_POLICIES.get(str(policy.get("Condition") or "any"), "always") if alive else "no",
            retries=int(policy.get("MaxAttempts") or 0),
            ports=_ports(service, status),
            files=told.files,
            folder=told.folder,
            memory_limit=limits.get("MemoryBytes") or None,
            release=str(labels.get(inspection.RELEASE) or ""),
            environment=str(labels.get(inspection.ENVIRONMENT) or ""),
            node=self.nodes.get(str(task.get("NodeID")), ""),
            slot=f"{task.get('ServiceID')}.{replica}",
        )

    def _held(self, task: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return self.held.get(container_of(task))


def container_of(task: Mapping[str, Any]) -> str:
    """The id of a task's container; empty where it has none yet."""
    return str((task["Status"].get("ContainerStatus") or {}).get("ContainerID") or "")


def has_failed(container: Container) -> bool:
    """Whether a task has ended in failure, or was refused, and Swarm starts no other one."""
    ended = container.state == "exited" and bool(container.exit_code)
    refused = container.state in ("created", "exited") and bool(container.error)
    sick = container.state == STARTING and container.health == "unhealthy"
    return container.restart_policy == "no" and (ended or refused or sick)


def _needed(
    service: Mapping[str, Any], places: Mapping[tuple[int, str], list[Mapping[str, Any]]]
) -> dict[tuple[int, str], list[Mapping[str, Any]]]:
    """The places that a service has. One that it had before it was scaled down may still have a task that failed."""
    wanted = (((service.get("Spec") or {}).get("Mode") or {}).get("Replicated") or {}).get("Replicas")
    if wanted is None:
        return dict(places)
    alive = {place for place, each in places.items() if any(one.get("DesiredState") not in GONE for one in each)}
    ended = sorted(places.keys() - alive, key=lambda place: str(places[place][-1]["CreatedAt"]))
    kept = alive | set(ended[len(ended) - max(0, int(wanted) - len(alive)) :])
    return {place: each for place, each in places.items() if place in kept}


def _is_job(task: Mapping[str, Any]) -> bool:
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


def _places(tasks: Iterable[Mapping[str, Any]]) -> dict[tuple[int, str], list[Mapping[str, Any]]]:
    """The tasks by their places: a number, or a node for a service that runs on each."""
    found: dict[tuple[int, str], list[Mapping[str, Any]]] = {}
    for each in tasks:
        slot = int(each.get("Slot") or 0)
        found.setdefault((slot, "" if slot else str(each.get("NodeID"))), []).append(each)
    return found


def _base(held: Mapping[str, Any] | None, task: Mapping[str, Any]) -> Container:
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


def _state(task: Mapping[str, Any], base: Container, *, alive: bool) -> str:
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
        return "restarting" if lasting and not _error(task, base) else "exited"
    return "created"


def _health(task: Mapping[str, Any], base: Container) -> str:
    """Its health: Swarm itself calls a task running only once its health check has passed."""
    if _sickened(task, base):
        return "unhealthy"
    if not elsewhere(base):
        return "healthy" if base.health == "starting" and task["Status"]["State"] == "running" else base.health
    if not (task["Spec"]["ContainerSpec"].get("Healthcheck") or {}).get("Test"):
        return ""
    return {"running": "healthy", STARTING: "starting"}.get(str(task["Status"]["State"]), "")


def _exit_code(task: Mapping[str, Any], base: Container) -> int | None:
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
    if state == "complete" and not elsewhere(base) and not _is_job(task):
        return _ended_unhealthy(base.exit_code, base)
    return state == "failed" and "unhealthy container" in said


def _error(task: Mapping[str, Any], base: Container) -> str:
    """Why it could not be started, or cannot be yet; empty where its program has run."""
    said = str(task["Status"].get("Err") or "")
    if base.error:
        return base.error
    if task["Status"]["State"] == "failed" and base.started is not None and UNSTARTED not in said:
        return ""
    return "" if _PLAIN.search(said) else said


def _ports(service: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[tuple[str, int, str, int], ...]:
    """The ports that a node publishes for this task, and those that every node publishes for its service."""
    own = (status.get("PortStatus") or {}).get("Ports") or ()
    shared = [each for each in (service.get("Endpoint") or {}).get("Ports") or () if each.get("PublishMode") != "host"]
    found = {
        ("0.0.0.0", int(each["PublishedPort"]), str(each.get("Protocol") or "tcp"), int(each["TargetPort"]))  # noqa: S104 - told, not bound
        for each in (*own, *shared)
        if each.get("PublishedPort")
    }
    return tuple(sorted(found, key=lambda port: (port[3], port[1])))
