"""A project's edge: the container through which all requests come, and which says where they go.

It reads that from files, for each request anew: `FOLDER/SERVICE/1` to `6` with the name of a host each, and `held`
while requests wait. They are written by commands within the container: no port is published for that, and every way
to the engine will do. They lie in the edge's volume, so it goes on with them after a restart.
"""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from upready.runtime.docker.engine import PROJECT, Engine, answering
from upready.runtime.interface import Container
from upready.stack.service import Service
from upready.support.errors import StartError

LABEL = "upready.edge"
"""What the compose file puts on the service that is the edge; its value is the folder."""

PLACES = 6
"""Files that name a host; as many are read in turn, so that one to three, or six containers get equal shares."""

NOBODY = "255.255.255.255"
"""A host to which no connection can be opened; trying takes no time."""

AGAIN = 0.2
"""Seconds between two tries to reach one that is being restarted."""

SETTLED = 0.5
"""Seconds after which no request is left that has not seen that it is to wait."""

_WRITE = 'cd "$0"; n=0; for host; do n=$((n+1)); printf %s "$host" >".$n"; mv ".$n" "$n"; done'
_READ = 'cd "$0"; for n in 1 2 3 4 5 6; do cat "$n"; echo; done; if [ -e held ]; then echo held; fi'
_COUNTED = {"01", "02", "08"}  # proc(5): established, being opened, and closed by the other end alone


class EdgeError(StartError):
    """The edge does not run, or serves nothing of a service."""


@dataclass(frozen=True)
class Route:
    """Where the requests for a service go.

    Attributes:
        hosts: A host each: a container's short id, or the service's name.
        held: Whether they wait.
    """

    hosts: tuple[str, ...]
    held: bool


def find(engine: Engine, project: str, patience: float = 0.0) -> Edge | None:
    """The edge of a project; None where it has none.

    Args:
        engine: Where it runs.
        project: Compose's project name.
        patience: Seconds that it may take to run (again).

    Raises:
        EngineError: The engine does not answer.
    """
    for each in engine.containers(project):
        if folder := _folder(each):
            return Edge(engine, each, folder, patience)
    return None


def is_edge(container: Container) -> bool:
    """Whether a container is the edge of its project."""
    return bool(_folder(container))


def _folder(container: Container) -> str:
    """Where it reads which containers serve, if it is an edge; empty otherwise."""
    config = container.raw.get("Config") or {}
    return str((config.get("Labels") or {}).get(LABEL) or "")


class Edge:
    """The edge of a project.

    Every method raises EdgeError where the edge does not run or does not know the service, and EngineError where the
    engine is silent.

    Args:
        engine: Where it runs.
        container: Its container.
        folder: Where it reads which containers serve.
        patience: Seconds that it may take to run (again): somebody may have restarted it.
    """

    def __init__(self, engine: Engine, container: Container, folder: str, patience: float = 0.0) -> None:
        self._engine = engine
        self._folder = folder
        self._patience = patience
        self.container = container

    def upstreams(self, service: Service) -> tuple[str, ...]:
        """The short ids of the containers that a service's requests go to; none where they go to its name."""
        return tuple(each for each in self.route(service).hosts if re.fullmatch(r"[0-9a-f]{12}", each))

    def route(self, service: Service) -> Route:
        """Where a service's requests go."""
        try:
            lines = self._run(service, _READ).splitlines()
        except EdgeError:
            lines = self._at_rest(service)
        hosts = (line for line in lines[:PLACES] if line not in ("", NOBODY))
        return Route(tuple(dict.fromkeys(hosts)), "held" in lines[PLACES:])

    def _at_rest(self, service: Service) -> list[str]:
        """The same lines of an edge that does not run: its volume can be read all the same."""
        folder, count = f"{self._folder}/{service.name}", len(NOBODY) + 64
        files = [self._engine.read(self.container.id, f"{folder}/{n}", count) for n in range(1, PLACES + 1)]
        if not any(files):
            raise self._error("does not run, and knows nothing of its services", "")
        held = self._engine.read(self.container.id, f"{folder}/held", 0) is not None
        return [(each or b"").decode("utf-8", "replace") for each in files] + ["held"] * held

    def switch(self, service: Service, containers: Sequence[str]) -> None:
        """Let a service's requests go to these containers from now on; those that waited go there, too.

        What is being answered stays where it is, event streams and websockets included.

        Args:
            service: Whose requests.
            containers: Their ids, at most `PLACES`; none for the service's name, that is, for whichever of its
                containers run.
        """
        self._write(service, [each[:12] for each in containers] or [service.name], 'rm -f "$0/held"')

    def hold(self, service: Service) -> None:
        """Let a service's requests wait, for 30 s at most, until `switch` says where they go; none is sent before."""
        self._run(service, 'touch "$0/held"')
        time.sleep(SETTLED)
        self.close(service)

    def close(self, service: Service) -> None:
        """Let a service's requests be answered at once that nobody is there, until `switch` says where they go."""
        self._write(service, [NOBODY])

    def in_flight(self, container: str) -> int:
        """How many requests a container has now through the edge, event streams and websockets included.

        Args:
            container: Its id.
        """
        return len(self.requests(container))

    def requests(self, container: str) -> frozenset[str]:
        """The same requests, each by the edge's own end of its connection.

        Args:
            container: Its id.
        """
        found = self._engine.inspect(container)
        networks = found.raw["NetworkSettings"]["Networks"].values() if found else ()
        addresses = {each.get(key) for each in networks for key in ("IPAddress", "GlobalIPv6Address")} - {"", None}
        table = self._exec("cat", "/proc/net/tcp", "/proc/net/tcp6")
        return frozenset(own for own, address in connections(table) if address in addresses)

    def _write(self, service: Service, hosts: Sequence[str], then: str = ":") -> None:
        if len(hosts) > PLACES:
            raise EdgeError(f"{service.name} has {len(hosts)} containers, and the edge serves {PLACES} of a service")
        self._run(service, f"{_WRITE}; {then}", *(hosts[number % len(hosts)] for number in range(PLACES)))

    def _run(self, service: Service, script: str, *words: str) -> str:
        return self._exec("sh", "-ec", script, f"{self._folder}/{service.name}", *words)

    def _exec(self, *words: str) -> str:
        """What a command within the edge prints, as soon as that runs (again)."""
        end = time.monotonic() + self._patience
        while True:
            try:
                return self._once(words)
            except EdgeError:
                if time.monotonic() >= end:
                    raise
            time.sleep(AGAIN)
            # Somebody may have put another container in its place.
            project = self.container.raw["Config"]["Labels"].get(PROJECT, "")
            if found := find(self._engine, project):
                self.container = found.container

    def _once(self, words: Sequence[str]) -> str:
        from docker.errors import APIError

        api: Any = self._engine.client.api
        with answering():
            try:
                run = api.exec_create(self.container.id, list(words))["Id"]
                said = bytes(api.exec_start(run)).decode("utf-8", "replace")
                code = api.exec_inspect(run)["ExitCode"]
            except APIError as error:
                raise self._error("does not run", str(error.explanation or error)) from None
        if code:
            raise self._error("does not do what it is told", said)
        return said

    def _error(self, what: str, said: str) -> EdgeError:
        name, lines = self.container.service, [line for line in said.splitlines() if line.strip()]
        return EdgeError(f"{name}, the edge, {what}", details=lines[-3:], next=f"invoke logs --service {name}")


def connections(table: str) -> Iterator[tuple[str, str]]:
    """Each open connection in `/proc/net/tcp` and `tcp6` (proc(5)): this end as written, the other's address."""
    for line in table.splitlines():
        parts = line.split()
        if len(parts) > 3 and parts[3] in _COUNTED:
            digits = parts[2].partition(":")[0]
            # Words of four bytes, each in the machine's order.
            words = (bytes.fromhex(digits[at : at + 8])[::-1] for at in range(0, len(digits), 8))
            address = ipaddress.ip_address(b"".join(words))
            mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
            yield parts[1], str(mapped or address)
