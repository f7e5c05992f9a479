"""Whether a port is free, and who has it: with real sockets of this machine."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.conftest import MakeStack
from upready.runtime import host_ports, ports
from upready.runtime.docker.engine import Engine
from upready.stack import model
from upready.stack.model import Port
from upready.stack.selection import Stack
from upready.support import platform
from upready.support.errors import StartError


def tcp(published: int, host: str = "127.0.0.1") -> Port:
    return Port(host, published, "tcp", 80)


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_that_nobody_has(free_port: Callable[[], int]) -> None:
    port = free_port()
    assert host_ports.free(tcp(port))
    assert host_ports.free(tcp(port, ""))
    assert host_ports.free(Port("", port, "udp", 80))


def test_a_port_that_a_process_has(listening: int) -> None:
    assert not host_ports.free(tcp(listening))
    # On every address means on that one, too; the same number is free for UDP.
    assert not host_ports.free(tcp(listening, ""))
    assert host_ports.free(Port("127.0.0.1", listening, "udp", 80))
    assert host_ports.owner(tcp(listening)) == f"process {os.getpid()} ({psutil_name()})"


@pytest.mark.parametrize(("name", "expected"), [("MainThread", "node"), ("uvicorn", "uvicorn")])
def test_a_program_is_not_called_by_its_thread(name: str, expected: str) -> None:
    running: Any = SimpleNamespace(name=lambda: name, exe=lambda: "/opt/node/bin/node")
    assert host_ports.program(running) == expected


def psutil_name() -> str:
    import psutil

    return psutil.Process().name()


def test_a_udp_port_that_a_process_has() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        port = Port("127.0.0.1", held.getsockname()[1], "udp", 53)
        assert not host_ports.free(port)
        assert str(os.getpid()) in host_ports.owner(port)


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_an_ipv6_port() -> None:
    held = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    with contextlib.closing(held):
        try:
            held.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 on this machine")
        held.listen()
        assert not host_ports.free(tcp(held.getsockname()[1], "::1"))


def test_a_port_whose_last_connection_has_just_closed_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = server.accept()
        # The server's side closes first, and so keeps the port in TIME_WAIT.
        accepted.close()
        client.close()
    assert host_ports.free(tcp(port))


def test_an_address_that_is_not_this_machines_is_the_engines_to_judge(free_port: Callable[[], int]) -> None:
    assert host_ports.free(tcp(free_port(), "192.0.2.1"))


@pytest.mark.parametrize(
    ("windows", "number", "free"),
    [
        (False, errno.EACCES, True),
        (True, errno.EACCES, False),
        (False, errno.EADDRINUSE, False),
        (True, errno.EADDRINUSE, False),
        (False, errno.EAFNOSUPPORT, True),
    ],
)
def test_what_a_refusal_means(monkeypatch: pytest.MonkeyPatch, windows: bool, number: int, free: bool) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(platform, "WINDOWS", windows)
    monkeypatch.setattr(platform, "claim_exclusively", refuse)
    assert host_ports.free(tcp(80)) is free


@dataclass
class Host:
    """What an engine knows of ports: a project's containers, and who else has one."""

    containers_: list[Any] = field(default_factory=list)
    owners: dict[int, tuple[str, str]] = field(default_factory=dict)
    local: bool = True

    def containers(self, project: str) -> list[Any]:
        return self.containers_

    def owner_of(self, port: int, protocol: str = "tcp", host: str = "") -> tuple[str, str] | None:
        return self.owners.get(port)

    def origins(self, project: str) -> list[Any]:
        return []


def check(make_stack: MakeStack, host: Host, *published: int) -> None:
    """Check a stack of two services, the first of which publishes these ports."""
    listed = ", ".join(f"'127.0.0.1:{port}:80'" for port in published)
    services = f"{{web: {{image: x, ports: [{listed}]}}, db: {{image: x}}}}"
    merged = model.load(make_stack(f"name: demo\nservices: {services}\n"))
    ports.check(host, merged)  # type: ignore[arg-type]


def test_ports_that_are_free_or_the_projects_own(
    make_stack: MakeStack, free_port: Callable[[], int], listening: int
) -> None:
    own = SimpleNamespace(ports=(("127.0.0.1", listening, "tcp", 80),))
    check(make_stack, Host([own]), free_port(), listening)
    # The engine may know of one before its containers are listed.
    port = free_port()
    check(make_stack, Host(owners={port: ("demo", "demo-web-1")}), port)


def test_every_taken_port_is_told_with_its_owner(
    make_stack: MakeStack, free_port: Callable[[], int], listening: int
) -> None:
    first, second = free_port(), free_port()
    host = Host(owners={first: ("other", "other-web-1"), second: ("", "lonely")})
    with pytest.raises(StartError) as caught:
        check(make_stack, host, first, second, listening)
    error = caught.value
    assert error.code == 6
    assert error.message == f"port {first}, which web needs, is taken by container other-web-1 of project other"
    assert error.details[0] == f"port {second} (web) is taken by container lonely"
    assert error.details[1].startswith(f"port {listening} (web) is taken by process {os.getpid()} (")
    assert error.next == "choose another port in compose.yaml:2, then: <the same command>\ndocker stop other-web-1"


def conflicts(stack: Stack, host: Host) -> list[str]:
    return [str(each) for each in ports.conflicts(host, model.load(stack))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("entry", "taken"),
    [
        ("{image: x, ports: [PORTS]}", True),
        ("{image: x, ports: [PORTS], scale: 0}", False),
        ("{image: x, ports: [PORTS], deploy: {replicas: 0}}", False),
        ("{image: x, ports: [PORTS], scale: 1}", True),
        ("{image: x, ports: [PORTS], profiles: [off]}", False),
        # The engine publishes nothing there.
        ("{image: x, ports: [PORTS], network_mode: host}", False),
    ],
)
def test_only_what_is_published_counts(make_stack: MakeStack, listening: int, entry: str, taken: bool) -> None:
    stack = make_stack(f"services: {{a: {entry.replace('PORTS', f'{listening}:80')}}}\n")
    assert bool(conflicts(stack, Host())) is taken


@pytest.mark.parametrize(
    ("replicas", "own", "others", "told"),
    [
        (1, [], [], ""),
        (1, [], [20001], ""),
        (1, [], [20001, 20002], ""),
        (3, [], [], ""),
        (2, [], [20002], ""),
        (3, [20001, 20002, 20003], [], ""),
        (2, [20001], [20003], ""),
        (
            1,
            [],
            [20001, 20002, 20003],
            "needs 1: none free, taken by container c20001, container c20002, container c20003",
        ),
        (2, [], [20001, 20003], "needs 2: 1 free, taken by container c20001, container c20003"),
        (2, [20002], [20001, 20003], "needs 2: 1 free, taken by container c20001, container c20003"),
        (4, [], [], "needs 4: 3 free, taken by another replica of it"),
    ],
)
def test_a_range_is_taken_once_too_few_of_it_are_left(
    make_stack: MakeStack, replicas: int, own: list[int], others: list[int], told: str
) -> None:
    stack = make_stack(f"services: {{web: {{image: x, scale: {replicas}, ports: ['20001-20003:80']}}}}\n")
    held = [SimpleNamespace(ports=tuple(("", port, "tcp", 80) for port in own))]
    host = Host(held, {port: ("", f"c{port}") for port in others}, local=False)
    assert conflicts(stack, host) == ([f"ports 20001-20003, of which web {told}"] if told else [])


def test_a_part_of_a_range_that_a_process_has(make_stack: MakeStack, listening: int) -> None:
    text = f"name: demo\nservices: {{web: {{image: x, ports: ['127.0.0.1:{listening}-{listening + 1}:80']}}}}\n"
    assert conflicts(make_stack(text), Host(owners={listening + 1: ("demo", "demo-web-1")})) == []
    (told,) = conflicts(make_stack(text), Host(owners={listening + 1: ("", "other")}))
    assert f"process {os.getpid()}" in told
    assert "container other" in told


def test_one_port_is_none_for_two_replicas(make_stack: MakeStack, free_port: Callable[[], int]) -> None:
    port = free_port()
    stack = make_stack(f"services:\n  web:\n    image: x\n    scale: 2\n    ports: ['{port}:80']\n")
    with pytest.raises(StartError, match=f"port {port}, which web needs, is taken by another replica of it") as caught:
        ports.check(Host(), model.load(stack))  # type: ignore[arg-type]
    wanted = f"publish a port for each replica, such as {port}-{port + 1}:80, in compose.yaml:5"
    assert caught.value.next == f"{wanted}, then: <the same command>"


def test_ports_of_another_machine_are_the_engines_alone(make_stack: MakeStack, listening: int) -> None:
    check(make_stack, Host(local=False), listening)


def test_an_owner_that_the_system_does_not_tell(monkeypatch: pytest.MonkeyPatch, listening: int) -> None:
    import psutil

    def hidden(_: str) -> list[Any]:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", hidden)
    # macOS tells everybody of his own processes.
    assert host_ports.listener(tcp(listening)) == os.getpid()
    monkeypatch.setattr(psutil, "process_iter", lambda: iter(()))
    assert host_ports.owner(tcp(listening)) == "another process"


def test_a_port_that_macos_would_bind_beside_its_owner(monkeypatch: pytest.MonkeyPatch, free_port: Any) -> None:
    """It binds 127.0.0.1 beside a listener at all addresses."""
    monkeypatch.setattr(platform, "MACOS", True)
    number = free_port()
    assert host_ports.free(tcp(number))
    with socket.create_server(("127.0.0.1", number)):
        monkeypatch.setattr(socket.socket, "bind", lambda *_: None)
        assert not host_ports.free(tcp(number))
        assert not host_ports.free(tcp(number, "0.0.0.0"))
        assert host_ports.free(Port("127.0.0.1", number, "udp", 80))


def test_a_udp_port_that_would_be_shared_is_taken() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        assert not host_ports.free(Port("127.0.0.1", held.getsockname()[1], "udp", 53))


EXCLUDED = """
Ausgeschlossener Portbereich f\u00fcr das Protokoll "tcp"

Startport    Endport
----------    --------
      7990        8089
     50000       50059     *

* - Verwaltete Portausschl\u00fcsse.
"""


@pytest.mark.parametrize(("number", "reserved"), [(7989, False), (7990, True), (8089, True), (50059, True), (9, False)])
def test_a_port_that_windows_has_reserved(monkeypatch: pytest.MonkeyPatch, number: int, reserved: bool) -> None:
    import psutil

    monkeypatch.setattr(platform, "WINDOWS", True)
    monkeypatch.setattr(psutil, "net_connections", lambda _: [])
    lines: list[list[str]] = []

    def run(line: list[str], **_: Any) -> Any:
        lines.append(line)
        return SimpleNamespace(stdout=EXCLUDED)

    monkeypatch.setattr(host_ports.process, "run", run)
    port = tcp(number)
    owner = host_ports.owner(port)
    assert owner == (host_ports.RESERVED if reserved else "another process")
    assert lines == [["netsh", "int", "ipv4", "show", "excludedportrange", "protocol=tcp"]]
    wanted = (
        'as administrator: cmd /c "net stop winnat'
        if reserved
        else f"stop what this shows: netstat -ano -p tcp | findstr :{number}"
    )
    assert host_ports.stop(port, owner).startswith(wanted)


def test_how_a_port_is_had_back(monkeypatch: pytest.MonkeyPatch) -> None:
    assert host_ports.stop(tcp(80), "process 16939 (python3)") == "kill 16939"
    monkeypatch.setattr(platform, "MACOS", False)
    assert host_ports.stop(tcp(80), host_ports.UNKNOWN) == "stop what this shows: sudo ss -lnpt sport = :80"
    monkeypatch.setattr(platform, "MACOS", True)
    assert host_ports.stop(tcp(80), host_ports.UNKNOWN) == "stop what this shows: sudo lsof -nP -iTCP:80"
    monkeypatch.setattr(platform, "WINDOWS", True)
    assert host_ports.stop(tcp(80), "process 16939 (python3)") == "taskkill /PID 16939"


@pytest.mark.parametrize(
    ("published", "host", "taken"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "192.0.2.5", False),
        ("0.0.0.0", "192.0.2.5", True),
        ("::", "127.0.0.1", True),
        ("127.0.0.1", "", True),
        ("127.0.0.1", "0.0.0.0", True),
    ],
)
def test_a_container_has_a_port_only_at_its_address(published: str, host: str, taken: bool) -> None:
    one = {"Names": ["/shop-web-1"], "Labels": {}, "Ports": [{"IP": published, "PublicPort": 80, "Type": "tcp"}]}
    client: Any = SimpleNamespace(api=SimpleNamespace(containers=lambda: [one]))
    assert Engine(client).owner_of(80, "tcp", host) == (("", "shop-web-1") if taken else None)
    assert Engine(client).owner_of(80, "udp", host) is None
