"""The tasks of Swarm as `Container`s: of each place of a service the newest task, with what became of those before."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from upready.runtime.docker import inspection
from upready.runtime.interface import Container
from upready.runtime.swarm import names, task_state
from upready.support import times

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
                bad = state in ("failed", "rejected") or (state == "complete" and not task_state.is_job(task))
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
        wanted = [at for at, each in enumerate(tasks) if each.get("DesiredState") not in task_state.GONE]
        at = wanted[-1] if wanted else len(tasks) - 1
        newest = tasks[at]
        state = str(newest["Status"]["State"])
        if not wanted and state not in ("complete", "failed", "rejected"):
            return None
        before = [each for each in tasks[:at] if each.get("Spec") == newest.get("Spec")]
        failed = [each for each in before if each["Status"]["State"] in ("failed", "rejected", "complete")]
        # What failed before another task had that place says nothing of now.
        if state not in (*task_state.ENDED, "running", task_state.STARTING) and failed and failed[-1] is tasks[at - 1]:
            return self._again(service, replica, newest, failed)
        alive = newest.get("DesiredState") not in task_state.GONE
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
        if task_state.UNSTARTED in found.error and len(failed) == 1:
            # A network that is not there yet, or a port that is taken on one node: the next task may be started.
            return dataclasses.replace(found, state="restarting", error="")
        if found.error or found.state == task_state.STARTING:
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
        base = task_state.base_of(held, task)
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
            state=task_state.state_of(task, base, alive=alive),
            health=task_state.health_of(task, base),
            exit_code=task_state.exit_code_of(task, base),
            error=task_state.error_of(task, base),
            restarts=count,
            created=times.moment(first["CreatedAt"]),
            restart_policy=_POLICIES.get(str(policy.get("Condition") or "any"), "always") if alive else "no",
            retries=int(policy.get("MaxAttempts") or 0),
            ports=task_state.ports_of(service, status),
            files=told.files,
            folder=told.folder,
            memory_limit=limits.get("MemoryBytes") or None,
            release=str(labels.get(inspection.RELEASE) or ""),
            environment=str(labels.get(inspection.ENVIRONMENT) or ""),
            node=self.nodes.get(str(task.get("NodeID")), ""),
            slot=f"{task.get('ServiceID')}.{replica}",
        )

    def _held(self, task: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return self.held.get(task_state.container_of(task))


def _needed(
    service: Mapping[str, Any], places: Mapping[tuple[int, str], list[Mapping[str, Any]]]
) -> dict[tuple[int, str], list[Mapping[str, Any]]]:
    """The places that a service has. One that it had before it was scaled down may still have a task that failed."""
    wanted = (((service.get("Spec") or {}).get("Mode") or {}).get("Replicated") or {}).get("Replicas")
    if wanted is None:
        return dict(places)
    alive = {
        place for place, each in places.items() if any(one.get("DesiredState") not in task_state.GONE for one in each)
    }
    ended = sorted(places.keys() - alive, key=lambda place: str(places[place][-1]["CreatedAt"]))
    kept = alive | set(ended[len(ended) - max(0, int(wanted) - len(alive)) :])
    return {place: each for place, each in places.items() if place in kept}


def _places(tasks: Iterable[Mapping[str, Any]]) -> dict[tuple[int, str], list[Mapping[str, Any]]]:
    """The tasks by their places: a number, or a node for a service that runs on each."""
    found: dict[tuple[int, str], list[Mapping[str, Any]]] = {}
    for each in tasks:
        slot = int(each.get("Slot") or 0)
        found.setdefault((slot, "" if slot else str(each.get("NodeID"))), []).append(each)
    return found
