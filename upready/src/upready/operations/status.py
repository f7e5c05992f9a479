"""What runs of a project and what it uses: image, uptime, health, restarts, CPU, memory against its limit, ports."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from upready.runtime import current, orphans
from upready.runtime.interface import Container, Runtime, Sample
from upready.stack.settings import Settings

APART = 0.2
"""Seconds between the two samples that tell the use of CPU."""


@dataclass(frozen=True)
class Usage:
    """What one container uses: CPU in percent of one core, memory and its limit in bytes (None: no limit)."""

    cpu: float
    memory: int
    limit: int | None


@dataclass(frozen=True)
class Status:
    """One container, as `invoke status` shows it.

    Attributes:
        container: The engine's description.
        image: The image's name, with its version or revision label where it has one.
        uptime: Seconds since it started; None when it does not run.
        usage: None when it does not run.
        orphan: Whether no compose file names its service any more.
    """

    container: Container
    revision: str | None
    uptime: float | None
    usage: Usage | None
    orphan: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The container as it stands under `services` in the JSON document."""
        container, usage = self.container, self.usage
        return {
            "service": container.service,
            "replica": container.replica,
            "container": container.name,
            "image": container.image,
            "revision": self.revision,
            "state": container.state,
            "health": container.health or None,
            "uptime_seconds": self.uptime,
            "restarts": container.restarts,
            "cpu_percent": usage.cpu if usage else None,
            "memory": usage.memory if usage else None,
            "memory_limit": usage.limit if usage else None,
            "ports": [
                {"host": host, "published": published, "protocol": protocol, "target": target}
                for host, published, protocol, target in container.ports
            ],
            "orphan": self.orphan,
            **({"node": container.node} if container.node else {}),
        }


@dataclass(frozen=True)
class Overview:
    """The status of a whole project, and in which runtime it is.

    Attributes:
        default: The environment to start where nothing runs.
    """

    project: str
    environment: str | None
    services: list[Status]
    runtime: str
    default: str

    def as_dict(self) -> dict[str, Any]:
        """The JSON document of `status`."""
        return {
            "project": self.project,
            "environment": self.environment,
            "runtime": self.runtime,
            "services": [each.as_dict() for each in self.services],
        }


def collect(connected: Runtime, settings: Settings) -> Overview:
    """Gather the status of every container of a project, all at the same time.

    Raises:
        EngineError: The engine does not answer.
    """
    name = current.name(settings)
    containers = connected.containers(name)
    environment = current.running_environment(settings, containers)
    with ThreadPoolExecutor(max_workers=1) as pool:
        lost = pool.submit(orphans.among, settings, containers)
        usages = _usages(connected, [each for each in containers if each.state == "running"])
    orphaned = {each.id for each in lost.result()}
    found = [_status(each, usages.get(each.id), orphan=each.id in orphaned) for each in containers]
    return Overview(name, environment, found, connected.name, settings.default)


def _status(container: Container, usage: Usage | None, *, orphan: bool) -> Status:
    uptime = None
    if container.state == "running" and container.started is not None:
        uptime = max(0.0, round((datetime.now(UTC) - container.started).total_seconds(), 1))
    return Status(container, container.revision, uptime, usage, orphan)


def _usages(connected: Runtime, containers: Sequence[Container]) -> dict[str, Usage]:
    """What running containers use, by id, told by two samples of each: the engine itself would take them 1 s apart."""
    if not containers:
        return {}
    with ThreadPoolExecutor(max_workers=min(16, len(containers))) as pool:
        before = list(pool.map(connected.sample, containers))
        time.sleep(APART)
        after = list(pool.map(connected.sample, containers))
    return {
        container.id: Usage(share(first, second), second.memory, container.memory_limit)
        for container, first, second in zip(containers, before, after, strict=True)
        if first is not None and second is not None
    }


def share(before: Sample, after: Sample) -> float:
    """Percent of one core between two samples."""
    passed = after.moment - before.moment
    return round(max(0.0, after.cpu - before.cpu) / passed * 100, 1) if passed > 0 else 0.0
