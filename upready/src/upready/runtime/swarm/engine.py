"""What a manager of a swarm says: of a stack's tasks on every node, and of the containers on its own."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from upready.engine.heartbeat import Heartbeat
from upready.runtime.docker import inspection
from upready.runtime.docker.containers import Containers
from upready.runtime.docker.engine import answering
from upready.runtime.interface import Container, Origin
from upready.runtime.swarm import cluster, log_source, member, names, nodes, presence, task_state, tasks
from upready.stack import settings
from upready.support.errors import EngineError, OpsError

if TYPE_CHECKING:
    from docker.types import CancellableStream
    from requests import Response

    from docker import DockerClient
    from upready.runtime.swarm.member import Member
    from upready.runtime.swarm.nodes import Node

STARTS = 60.0
"""Seconds that Swarm may take to start a task."""

LOOK_EVERY = 0.1
"""Seconds between two looks."""

_EVENTS = ("start", "die")

_ALWAYS = datetime.min.replace(tzinfo=UTC)


class SwarmEngine(Containers):
    """A manager of a swarm: its own engine, and what Swarm says.

    Args:
        client: The SDK's client of the manager.
        heartbeat: Finds out whether it still answers.
        node: The id of the manager's own node.

    Attributes:
        accepted: The keys whose loss the user accepts.
    """

    name = settings.SWARM

    def __init__(self, client: DockerClient, heartbeat: Heartbeat | None, node: str) -> None:
        super().__init__(client, heartbeat)
        self.node = node
        self.accepted: tuple[str, ...] = ()
        self.manager = self
        self._failed: dict[tuple[str, int], set[str]] = {}
        self._tasks: dict[str, str] = {}
        self._others: dict[str, Member] = {}
        self._unreached: dict[str, OpsError] = {}

    def look(self, project: str) -> tasks.Cluster:
        """What the swarm says of a stack now."""
        found = cluster.look(self, project, self._failed)
        self._tasks |= {task_state.container_of(each) or str(each["ID"]): str(each["ID"]) for each in found.tasks}
        return found

    def containers(self, project: str) -> list[Container]:
        """The newest task of each place of each service, by service and number."""
        return self.look(project).containers()

    def every(self, project: str) -> list[Container]:
        """The containers on the manager's own node, ended ones included, and the tasks of other nodes."""
        found = self.look(project)
        mine = {each.id: each for each in found.containers()}
        own = [self._named(inspection.container(raw)) for key, raw in found.held.items() if key not in mine]
        return sorted((*mine.values(), *own), key=lambda each: (each.service, each.replica, str(each.created)))

    def absent(self) -> list[str]:
        """The names of the nodes that do not answer."""
        with answering():
            known = nodes.every(self.client.api)
        named = nodes.labels(known)
        return [named[each.id] for each in known if each.state != nodes.READY]

    def failed(self, project: str, service: str, since: datetime) -> list[Container]:
        """The tasks of a service that have failed since a moment, newest first."""
        return self.look(project).failed(service, since)

    def inspect(self, container: str) -> Container | None:
        """One container by its id; None if it is gone, or no longer the one of its place."""
        found = super().inspect(container)
        if found is None:
            return None
        project = ((found.raw.get("Config") or {}).get("Labels") or {}).get(names.STACK)
        if project is None:
            return found
        return next((each for each in self.containers(project) if each.id == container), None)

    @staticmethod
    def _named(found: Container) -> Container:
        """A container on the manager's own node that is no longer, or not yet, the one of its place."""
        labels = (found.raw.get("Config") or {}).get("Labels") or {}
        place = str(labels.get("com.docker.swarm.task.name", "")).split(".")
        replica = int(place[-2]) if len(place) > 2 and place[-2].isdigit() else 1
        return dataclasses.replace(found, replica=replica, name=".".join(place[:-1]) or found.name)

    def events(self, project: str) -> CancellableStream[dict[str, Any]]:
        """What happens to the stack's containers on the manager's own node."""
        filters = {"type": "container", "label": f"{names.STACK}={project}", "event": list(_EVENTS)}
        with answering():
            return self.client.events(filters=filters, decode=True)

    def logs(
        self,
        container: str,
        *,
        follow: bool = False,
        tail: int | None = None,
        since: str = "",
        until: str = "",
    ) -> Response | None:
        """The log of a container on this node; of another node's, the manager gets it."""
        found = super().logs(container, follow=follow, tail=tail, since=since, until=until)
        if found is not None:
            return found
        known = self._tasks.get(container, "")
        return log_source.of_task(self, container, known, follow=follow, tail=tail, since=since)

    def volumes(self, project: str) -> list[str]:
        """The named volumes of a project on the manager's own node."""
        return presence.volumes(self, project)

    def networks(self, project: str) -> list[str]:
        """The networks of a stack."""
        with answering():
            found = self.client.api.networks(filters={"label": f"{names.STACK}={project}"})
        return sorted(each["Name"] for each in found)

    def origins(self, project: str) -> list[Origin]:
        """Where a stack's services were started, from their labels."""
        found = presence.services(self, project)
        return list(dict.fromkeys(names.origin(each["Spec"].get("Labels") or {}) for each in found))

    def is_here(self, container: Container) -> bool:
        """Whether a container is on the manager's own node."""
        return not task_state.elsewhere(container)

    def at(self, container: Container) -> Containers:
        """The engine of the node that has a container, over the docker context that the node's label names.

        Raises:
            UsageError: No label tells how to reach it.
            StartError: The context leads to another engine.
            EngineError: There is no such context here, or nobody answers.
        """
        if self.is_here(container):
            return self
        if error := self._unreached.get(container.node):
            raise error
        if container.node not in self._others:
            try:
                self._others[container.node] = member.of(self, container)
            except EngineError as error:
                # It is asked for each container, and each time that takes as long.
                self._unreached[container.node] = error
                raise
        return self._others[container.node]

    def of_node(self, node: Node) -> Containers:
        """The engine of a node, over the docker context that its label names.

        Raises:
            StartError: No label tells how to reach it, or the context leads to another engine.
            EngineError: There is no such context here, or nobody answers.
        """
        if node.id == self.node:
            return self
        if error := self._unreached.get(node.id):
            raise error
        if node.id not in self._others:
            try:
                self._others[node.id] = member.on(self, node)
            except OpsError as error:
                self._unreached[node.id] = error  # as above
                raise
        return self._others[node.id]

    def whole(self, container: Container) -> Container:
        """A container with all that the engine of its node tells of it, where that can be asked."""
        if self.is_here(container):
            return container
        with contextlib.suppress(OpsError):
            found = self.at(container).inspect(container.id)
            if found is not None:
                return task_state.joined(container, found)
        return container

    def ended(self, project: str, container: Container) -> Container | None:
        """The last container that ended in a place which another one has now; None where none is known.

        Only that one tells why the service crashes again and again.
        """
        found = self.failed(project, container.service, container.created or _ALWAYS)
        last = next((each for each in found if each.slot == container.slot and each.id != container.id), None)
        if last is None:
            return None
        state = "restarting" if last.state == "exited" else last.state
        told = dataclasses.replace(last, restarts=container.restarts, restart_policy=container.restart_policy)
        return self.whole(dataclasses.replace(told, state=state))

    def now(self, project: str, container: Container) -> Container:
        """The task's container that has the place of another one now: Swarm makes it anew whenever it starts a task.

        One that Swarm has not started yet is waited for, up to `STARTS` seconds.
        """
        deadline = time.monotonic() + STARTS
        while True:
            found = next((each for each in self.containers(project) if each.slot == container.slot), None)
            # A moment after a start Swarm may have no task yet.
            if (found is not None and found.state == "running") or time.monotonic() > deadline:
                return found or container
            time.sleep(LOOK_EVERY)
