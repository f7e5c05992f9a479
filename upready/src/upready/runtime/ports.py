"""Check before a build whether the ports that a stack publishes are free, and who uses those that are not."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from upready.runtime import checkouts, host_ports, published_ports
from upready.runtime.interface import Runtime
from upready.stack.model import Model, Port, Service
from upready.stack.selection import Stack
from upready.support import next_step
from upready.support.errors import StartError

REPLICA = "another replica of it"
"""The owner of a port if a service wants more containers than it publishes ports."""


@dataclass(frozen=True)
class Conflict:
    """A port that is taken, or a range with too few that are not.

    Attributes:
        service: The service that needs it.
        port: The wanted port or range.
        owner: Who uses it, in words; for a range, all who use a part.
        stop: How to stop the owner, as a command if there is one.
        needed: How many ports of a range the service needs: one for each replica.
        free: How many it can get.
    """

    service: str
    port: Port
    owner: str
    stop: str = ""
    needed: int = 1
    free: int = 0

    def __str__(self) -> str:
        """The conflict in a sentence."""
        if self.port.last:
            return f"{self._numbers}, of which {self.service} needs {self.needed}: {self._few}"
        return f"{self._numbers}, which {self.service} needs, is taken by {self.owner}"

    @property
    def brief(self) -> str:
        """The same, for a list of several."""
        return f"{self._numbers} ({self.service})" + (
            f": {self._few}" if self.port.last else f" is taken by {self.owner}"
        )

    @property
    def _numbers(self) -> str:
        return f"ports {self.port.published}-{self.port.last}" if self.port.last else f"port {self.port.published}"

    @property
    def _few(self) -> str:
        return f"{self.free or 'none'} free, taken by {self.owner}"


def check(engine: Runtime, model: Model) -> None:
    """Make sure that every port is free or this project's own.

    Raises:
        StartError: At least one is taken; all are named, with their owners.
    """
    found = list(conflicts(engine, model))
    if not found:
        return
    step = remedy(stack := model.stack, found[0])
    details = [each.brief for each in found[1:]]
    for conflict in found:
        if folder := checkouts.holder(engine, stack, conflict.port):
            details.append(f"{folder} is another checkout of this project")
            if published_ports.is_variable(stack, conflict.service, conflict.port.published):
                step = next_step.either("invoke env.init --isolated", _stop(conflict))
            break
    raise StartError(str(found[0]), details=details, next=step)


def remedy(stack: Stack, conflict: Conflict) -> str:
    """What to do about a taken port, as a command if there is one.

    Args:
        stack: The stack, whose files say where the port comes from.
        conflict: The port, and who has it.
    """
    first, last = conflict.port.published, conflict.port.last or conflict.port.published
    if conflict.owner == REPLICA:
        where = published_ports.place(stack, conflict.service, first)
        many = first + conflict.needed - 1
        ports = f"{first}-{many}:{conflict.port.target}"
        return f"publish a port for each replica, such as {ports}, in {where}, then: {next_step.AGAIN}"
    other = another(conflict.port, last)
    return next_step.either(published_ports.change(stack, conflict.service, first, other), _stop(conflict))


def _stop(conflict: Conflict) -> str:
    """How the owner of a port is stopped."""
    return conflict.stop or f"stop {conflict.owner}, then: {next_step.AGAIN}"


def another(port: Port, above: int) -> int:
    """The next port above a number that is free here."""
    single = dataclasses.replace(port, last=0)
    numbers = range(above + 1, 65536)
    return next((each for each in numbers if host_ports.free(dataclasses.replace(single, published=each))), above + 1)


def conflicts(engine: Runtime, model: Model) -> Iterator[Conflict]:
    """The ports of services about to start that others use."""
    project = model.stack.project
    own = {(port[1], port[2]) for each in engine.containers(project) for port in each.ports}
    for service in model.wanted:
        # The engine publishes nothing of a container that shares its host's network.
        if service.config.get("network_mode") == "host":
            continue
        for port in (*service.ports, *service.ranges):
            if (found := _conflict(engine, project, service, port, own)) is not None:
                yield found


def _conflict(
    engine: Runtime, project: str, service: Service, port: Port, own: set[tuple[int, str]]
) -> Conflict | None:
    """What keeps a service from getting a port, or one of a range for each replica; None if nothing does."""
    available, taken = 0, []
    for number in port.numbers:
        each = dataclasses.replace(port, published=number, last=0)
        holder = None if (number, port.protocol) in own else _holder(engine, project, each)
        available += holder is None
        if available == service.replicas:
            return None
        taken += [holder] if holder else []
    if not taken:
        return Conflict(service.name, port, REPLICA, needed=service.replicas, free=available)
    owners = ", ".join(dict.fromkeys(owner for owner, _ in taken))
    return Conflict(service.name, port, owners, taken[0][1], service.replicas, available)


def _holder(engine: Runtime, project: str, port: Port) -> tuple[str, str] | None:
    """Who else uses a port, and how to stop it; None if the project can have the port."""
    found = engine.owner_of(port.published, port.protocol, port.host)
    if found and found[0] != project:
        other, name = found
        return f"container {name}" + (f" of project {other}" if other else ""), f"docker stop {name}"
    if engine.local and not found and not host_ports.free(port):
        name = host_ports.owner(port)
        return name, host_ports.stop(port, name)
    return None
