"""A swarm of three machines on this one: three engines of our own, each in a network of its own, joined by a bridge.

Each has a docker context, through its socket. Small kernels have no IPVS, so that virtual addresses lead nowhere there:
let names resolve to tasks (`endpoint_mode: dnsrr`), and nodes publish ports (`mode: host`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.faults.private import Engine

NETWORK = "10.99.0"
"""The first numbers of the bridge's addresses: `.1` is the bridge itself, `.11` the first machine."""

COUNT = 3

SMALL = "small:1"
"""An image of 4 MB with busybox: `sh`, `httpd`, `wget`, `nc`, …. Python's would take a busy machine half a minute."""

_LENDER = "caddy:2-alpine"
"""The base image that has a busybox to lend."""

_LEND = """
set -e
for file in $(ldd "$(command -v busybox)" | grep -o '/[^ ]*'); do
  mkdir -p "/t$(dirname "$file")"
  cp -L "$file" "/t$file"
done
mkdir -p /t/bin /t/tmp /t/www; cp -L "$(command -v busybox)" /t/bin/busybox; echo yes >/t/www/index.html
names="sh sleep httpd wget nc cat touch true false ls rm mv mkdir rmdir chown chmod stat df tail"
for name in $names; do ln -s busybox "/t/bin/$name"; done
tar -C /t -cf - .
"""

PATIENCE = 120.0
"""Seconds to wait for what Swarm does; a busy machine is slow, and not broken."""


def until(what: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Wait until something is true, and return it."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)
    return found


class Bridge:
    """What joins the machines. In a network of its own: no packet filter of this machine sees what passes."""

    def __init__(self) -> None:
        made = "ip link set lo up && ip link add br0 type bridge && ip link set br0 up"
        held = f"{made} && ip addr add {NETWORK}.1/24 dev br0 && echo up && exec sleep infinity"
        self.process = _namespace(["unshare", "--net", "sh", "-c", held])

    @property
    def inside(self) -> list[str]:
        """What to put before a command that is to run where every machine reaches it."""
        return ["nsenter", f"--net=/proc/{self.process.pid}/ns/net"]

    def attach(self, pid: int, number: int) -> None:
        """Give the network of a process a card, and plug that in."""
        card = f"v{number}"
        for words in (
            ["link", "add", card, "type", "veth", "peer", "name", "eth0", "netns", str(pid)],
            ["link", "set", card, "master", "br0", "up"],
        ):
            subprocess.run([*self.inside, "ip", *words], check=True, capture_output=True)

    def cut(self, number: int) -> None:
        """Pull the plug of a machine."""
        subprocess.run([*self.inside, "ip", "link", "set", f"v{number}", "down"], check=True)

    def mend(self, number: int) -> None:
        """Put it back."""
        subprocess.run([*self.inside, "ip", "link", "set", f"v{number}", "up"], check=True)

    def remove(self) -> None:
        """End it, with all cards."""
        self.process.kill()
        self.process.communicate()


class Machine(Engine):
    """One machine: an engine with a network card and a name of its own."""

    def __init__(self, bridge: Bridge, number: int) -> None:
        super().__init__("--insecure-registry", f"{NETWORK}.0/24")
        self.bridge, self.number = bridge, number
        self.name = f"node{number}"
        self.address = f"{NETWORK}.{10 + number}"

    @property
    def inside(self) -> list[str]:
        """What to put before a command that is to run on this machine."""
        if self._namespace is None:
            held = f"hostname {self.name} && ip link set lo up && echo up && exec sleep infinity"
            self._namespace = _namespace(["unshare", "--net", "--uts", "sh", "-c", held])
            self.bridge.attach(self._namespace.pid, self.number)
            for words in (
                ["addr", "add", f"{self.address}/24", "dev", "eth0"],
                ["link", "set", "eth0", "up"],
                ["route", "add", "default", "via", f"{NETWORK}.1"],
            ):
                subprocess.run([*self._entered(), "ip", *words], check=True, capture_output=True)
        return self._entered()

    @property
    def id(self) -> str:
        """What it is called in the swarm; empty outside of one."""
        return str(self.client.info()["Swarm"]["NodeID"])

    def _entered(self) -> list[str]:
        assert self._namespace
        return ["nsenter", *(f"--{kind}=/proc/{self._namespace.pid}/ns/{kind}" for kind in ("net", "uts"))]


class Swarm:
    """Three machines, the first of which is the manager."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="swarm-"))
        self.bridge = Bridge()
        self.machines = [Machine(self.bridge, number) for number in range(1, COUNT + 1)]
        self.environment = {"DOCKER_CONFIG": str(self.home), "DOCKER_CONTEXT": self.machines[0].name}
        """Variables by which a task finds the contexts, and asks the manager."""

    @property
    def api(self) -> Any:
        """The SDK's client of the manager."""
        return self.machines[0].client.api

    def begin(self, joined: int = COUNT) -> None:
        """Start the machines; so many of them form the swarm.

        Which are the slowest steps, three at a time: 1.1 s for the engines, 0.3 s for each that joins.
        """
        with ThreadPoolExecutor() as pool:
            list(pool.map(Machine.begin, self.machines))
        for each in self.machines:
            self._context(each)
        first, *others = self.machines[:joined]
        first.client.swarm.init(advertise_addr=first.address)
        token = first.client.swarm.attrs["JoinTokens"]["Worker"]
        for each in others:
            each.client.swarm.join([f"{first.address}:2377"], token, advertise_addr=each.address)
        until(lambda: [each["Status"]["State"] for each in self.api.nodes()] == ["ready"] * joined)

    def fill(self, *images: str, machines: Sequence[int] = (0, 1, 2)) -> None:
        """Give images of the shared engine to some of the machines."""
        folder = self.home / "images.tar"
        with folder.open("wb") as file:
            subprocess.run(["docker", "save", *images], stdout=file, check=True, timeout=300)
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda at: self._load(self.machines[at], folder), machines))
        folder.unlink()

    def fill_small(self, machines: Sequence[int] = (0, 1, 2)) -> None:
        """Give some of the machines the image `SMALL`: the same one, by its id."""
        first, *others = (self.machines[at].client.api for at in machines)
        first.import_image_from_data(_lent(), repository="small", tag="1", changes=['CMD ["sleep", "infinity"]'])
        packed = b"".join(first.get_image(SMALL))
        for each in others:
            list(each.load_image(packed))

    def tasks(self, service: str) -> list[dict[str, Any]]:
        """The tasks of a service that are to run."""
        return list(self.api.tasks({"service": service, "desired-state": "running"}))

    def running(self, service: str, count: int) -> list[dict[str, Any]]:
        """The tasks of a service, once so many run."""
        return until(
            lambda: (
                found
                if len(found := [each for each in self.tasks(service) if each["Status"]["State"] == "running"]) == count
                else None
            )
        )

    def remove(self) -> None:
        """End all of it, in whatever state a test left it."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(_removed, self.machines))
        self.bridge.remove()
        shutil.rmtree(self.home, ignore_errors=True)

    def _context(self, machine: Machine) -> None:
        words = ["docker", "context", "create", machine.name, "--docker", f"host={machine.url}"]
        variables = {**os.environ, "DOCKER_CONFIG": str(self.home)}
        subprocess.run(words, check=True, capture_output=True, env=variables)

    @staticmethod
    def _load(machine: Machine, archive: Path) -> None:
        words = ["docker", "--host", machine.url, "load", "--quiet", "--input", str(archive)]
        subprocess.run(words, check=True, capture_output=True, timeout=300)


def _removed(machine: Machine) -> None:
    with contextlib.suppress(Exception):
        if machine.process is not None:
            machine.thaw()
            # Else it would start each container again that is removed.
            machine.client.swarm.leave(force=True)
    with contextlib.suppress(Exception):
        machine.remove()


def _namespace(line: Sequence[str]) -> psutil.Popen:
    """A process that holds namespaces, once they are ready."""
    held = psutil.Popen(list(line), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert held.stdout.readline() == b"up\n", held.communicate()[1]
    return held


def _lent() -> bytes:
    """The files of `SMALL`, as an archive."""
    line = ["docker", "run", "--rm", "--user", "0", "--network", "none", "--entrypoint", "sh", _LENDER, "-c", _LEND]
    return subprocess.run(line, check=True, capture_output=True, timeout=120).stdout


def begun(joined: int = COUNT) -> Iterator[Swarm]:
    """A swarm for a fixture: made, given, and removed also where making it has failed."""
    if problem := Engine.problem():
        pytest.skip(problem)
    made = Swarm()
    try:
        made.begin(joined)
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="session")
def three_nodes() -> Iterator[Swarm]:
    """A swarm of three nodes; one for all tests of a process."""
    yield from begun()
