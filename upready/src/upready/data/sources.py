"""What of a running stack is data: its services, the kind of each, and how each is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from upready.data import kinds, mysql
from upready.data.postgres import Database, Server
from upready.runtime import current
from upready.runtime.docker.containers import Containers
from upready.runtime.interface import Container, Runtime
from upready.stack import model
from upready.stack.model import Model
from upready.stack.selection import Stack
from upready.stack.settings import ENGINES, Settings
from upready.support import next_step, spelling
from upready.support.errors import UsageError
from upready.support.pipes import Call

_ALIVE = ("running", "starting")
"""The states in which a container may write; Swarm calls one `starting` whose health check has not passed yet."""

_ANONYMOUS = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Source:
    """The data of one service.

    Attributes:
        service: The service.
        kind: One of `kinds`.
        container: One of its containers: one that runs, where there is one.
        volumes: The named volumes that are to be read; none for a database.
        users: The running containers that have any of these volumes mounted.
        read: What these are while the volumes are read: `paused`, `stopped`, `running`.
        image: The image of the service, as it is named.
    """

    service: str
    kind: str
    container: Container
    volumes: tuple[str, ...]
    users: tuple[Container, ...]
    read: str
    image: str

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from other data of the same service: a database may have a volume of something else."""
        return self.service, self.kind


class Tables(Protocol):
    """A server that keeps rows in tables."""

    def databases(self) -> list[Database]:
        """Its databases, the service's own first."""

    def rows(self, database: str) -> dict[str, int]:
        """The number of rows of each table."""


@dataclass(frozen=True)
class Data:
    """The data of a project.

    Attributes:
        project: Compose's project name.
        connected: Where it runs.
        stack: The stack as it was last started.
        merged: Its model.
        containers: All its containers.
        sources: Its data, by service.
    """

    project: str
    connected: Runtime
    stack: Stack
    merged: Model
    containers: Sequence[Container]
    sources: tuple[Source, ...]

    def engine(self, source: Source) -> Containers:
        """The engine that has a service's volumes; without an engine there are none.

        Raises:
            UsageError: They are on a node of a swarm that nobody knows how to reach, or on several.
            EngineError: It does not answer.
        """
        connected = cast("Containers", self.connected)
        places = {each.node: each for each in self.containers if {*source.volumes} & {*mounted(each)}}
        if len(places) > 1:
            for name in source.volumes:
                self._check_shared(name, [each for each in places.values() if name in mounted(each)])
        return connected.at(source.container)

    def _check_shared(self, name: str, containers: Sequence[Container]) -> None:
        """Make sure that a volume which containers on several nodes use is the same one for all.

        Raises:
            UsageError: Each node has its own, of which only one would be read.
            EngineError: An engine does not answer.
        """
        connected = cast("Containers", self.connected)
        found = [connected.at(each).volume(name) or {} for each in containers]
        own = [each for each in found if not _is_shared(each)]
        if len(containers) > 1 and own:
            nodes = ", ".join(sorted(each.node for each in containers))
            service = containers[0].service
            raise UsageError(
                f"{service} has a volume {name} on each of the nodes {nodes}: a backup holds one of a name",
                details=[
                    f"where its files need no backup, let {service} have x-ops: {{data: none}}",
                    "where they do, let one node have it: deploy.placement.constraints",
                ],
                next=f"decide that in the compose file, then: invoke {self.stack.environment}",
            )

    def server(self, source: Source) -> Server:
        """The PostgreSQL of a service.

        Raises:
            UsageError: It does not run.
        """
        return Server(self.call(source), in_container=self.connected.name in ENGINES)

    def call(self, source: Source) -> Callable[[Sequence[str]], Call]:
        """How a program is called where a service runs.

        Raises:
            UsageError: It does not run.
        """
        if source.container.state != "running":
            raise UsageError(
                f"{source.service} is {source.container.state}: its data can be read only while it runs",
                next=f"invoke {self.stack.environment}",
            )
        return lambda words: self.connected.piped(self.project, self.now(source), words, lambda: self.stack)

    def now(self, source: Source) -> Container:
        """The container that has the place of a service's container now: in Swarm, another one after a stop."""
        found = self.connected
        return found.now(self.project, source.container) if isinstance(found, Containers) else source.container

    def tables(self, source: Source) -> Tables:
        """The server of a service that keeps rows in tables.

        Raises:
            UsageError: It does not run.
        """
        return self.server(source) if source.kind == kinds.POSTGRES else mysql.Server(self.call(source))

    def of(self, services: Sequence[str]) -> tuple[Source, ...]:
        """The sources of some services; all of them where none is named.

        Raises:
            UsageError: A service has no data.
        """
        by_name = {each.service: each for each in self.sources}
        for name in services:
            if name not in by_name:
                close = spelling.closest(name, by_name)
                raise UsageError(
                    f"{name} has no data to back up{spelling.meant(name, by_name)}",
                    details=[f"services with data: {', '.join(by_name) or 'none'}"],
                    next=next_step.instead(name, close) if close else "invoke backup --list",
                )
        return tuple(each for each in self.sources if not services or each.service in services)


def find(settings: Settings, connected: Runtime) -> Data:
    """What of the project's stack is data, as it runs now.

    Raises:
        UsageError: Nothing of it is there.
        EngineError: The engine does not answer.
    """
    stack, containers = current.current(settings, connected)
    if not containers:
        raise UsageError(
            f"nothing of {stack.project} is there: there is no data to be read", next=f"invoke {stack.environment}"
        )
    if isinstance(connected, Containers):
        containers = [connected.whole(each) for each in containers]
    merged = model.load_running(stack, [each.service for each in containers])
    return Data(stack.project, connected, stack, merged, containers, _sources(connected, merged, containers))


def _sources(connected: Runtime, merged: Model, containers: Sequence[Container]) -> tuple[Source, ...]:
    found: list[Source] = []
    taken: set[str] = set()
    for container in sorted(containers, key=lambda each: (each.service, each.state != "running", each.replica)):
        service = merged.every.get(container.service)
        if service is None or container.service in {each.service for each in found}:
            continue
        image = service.image if connected.name not in ENGINES else container.image
        kind = kinds.of(container, service.ops, image)
        volumes = tuple(name for name in mounted(container) if name not in taken) if kind in kinds.FILES else ()
        if kind == kinds.NONE or (kind in kinds.FILES and not volumes):
            continue
        if kind == kinds.REDIS and not service.ops.get("data") and not _lasts(container):
            continue
        taken |= {*volumes}
        beside = [each for each in containers if each.state in _ALIVE and each.node == container.node]
        users = tuple(each for each in beside if set(volumes) & set(mounted(each)))
        found.append(Source(container.service, kind, container, volumes, users, _read(service.ops), image))
    return tuple(found)


def _is_shared(volume: Mapping[str, Any]) -> bool:
    """Whether a volume is the same on every node: of another driver, or a share of another machine."""
    kind = (volume.get("Options") or {}).get("type") or "none"
    return volume.get("Driver", "local") != "local" or kind not in ("none", "tmpfs")


def mounted(container: Container) -> list[str]:
    """The named volumes that a container may write to."""
    mounts = container.raw.get("Mounts") or []
    named = {str(each.get("Name")) for each in mounts if each.get("Type") == "volume" and each.get("RW", True)}
    return sorted(name for name in named if not _ANONYMOUS.fullmatch(name))


def _lasts(container: Container) -> bool:
    """Whether anything of a container outlives it; a Redis of which nothing does is a cache."""
    mounts = (each for each in container.raw.get("Mounts") or [] if each.get("RW", True))
    return bool(mounted(container)) or any(each.get("Type") == "bind" for each in mounts)


def _read(ops: Mapping[str, Any]) -> str:
    said = ops.get("data")
    return str(said.get("read") or "paused") if isinstance(said, Mapping) else "paused"
