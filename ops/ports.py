"""Are the ports that a stack publishes free, and who has those that are not? Asked before anything is built."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from ops import platform
from ops.errors import StartError
from ops.model import Model, Port
from ops.runtime import Runtime


@dataclass(frozen=True)
class Conflict:
    """A port that is taken: which service wants it, and who has it, in words."""

    service: str
    port: Port
    owner: str


def check(engine: Runtime, project: str, model: Model) -> None:
    """Make sure that every port is free or this project's own.

    Raises:
        StartError: At least one is taken; all are named, each with its owner.
    """
    found = list(conflicts(engine, project, model))
    if not found:
        return
    first = found[0]
    raise StartError(
        f"port {first.port.published}, which {first.service} needs, is taken by {first.owner}",
        details=[f"port {each.port.published} ({each.service}) is taken by {each.owner}" for each in found[1:]],
        next=f"stop {first.owner}, or choose another port in .env",
    )


def conflicts(engine: Runtime, project: str, model: Model) -> Iterator[Conflict]:
    """The ports of the active services that somebody else has."""
    own = {(port[1], port[2]) for each in engine.containers(project) for port in each.ports}
    for service in model.services.values():
        for port in service.ports:
            if (port.published, port.protocol) in own:
                continue
            holder = engine.owner_of(port.published, port.protocol, port.host)
            if holder and holder[0] != project:
                other, name = holder
                yield Conflict(service.name, port, f"container {name}" + (f" of project {other}" if other else ""))
            elif engine.local and not free(port):
                yield Conflict(service.name, port, owner(port))


def free(port: Port) -> bool:
    """Whether this machine lets the port be bound now."""
    kind = socket.SOCK_DGRAM if port.protocol == "udp" else socket.SOCK_STREAM
    family = socket.AF_INET6 if ":" in port.host else socket.AF_INET
    try:
        with socket.socket(family, kind) as probe:
            platform.claim_exclusively(probe)
            probe.bind((port.host, port.published))
    except OSError as error:
        # Another reason is the engine's to judge: it may have a port below 1024 though this user may not, and it says
        # best what is wrong with an address that is not this machine's. Windows refuses a port in use either way.
        return error.errno != errno.EADDRINUSE and not (platform.WINDOWS and isinstance(error, PermissionError))
    return True


def owner(port: Port) -> str:
    """The process that listens on a port, in words; the system may not tell."""
    import psutil

    with contextlib.suppress(psutil.Error, OSError):
        for each in psutil.net_connections("inet"):
            listens = each.status == psutil.CONN_LISTEN or port.protocol == "udp"
            if listens and each.laddr and each.laddr.port == port.published and each.pid:
                with contextlib.suppress(psutil.Error):
                    return f"process {each.pid} ({psutil.Process(each.pid).name()})"
    return "another process"
