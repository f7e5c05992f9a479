"""A program whose port another one has: in whose words, and in which network."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.unit.diagnosis.cases import Machine, replica, told
from tests.unit.replicas import service
from upready.diagnosis.rules import listening
from upready.runtime import host_ports

HOST = "it uses the network of the machine (network_mode: host), where"


class Host(Machine):
    """An engine of this machine, whose containers publish some ports."""

    local = True

    def __init__(self, **published: str) -> None:
        super().__init__()
        self._published = published

    def owner_of(self, port: int, protocol: str = "tcp", host: str = "") -> tuple[str, str] | None:
        name = self._published.get(f"p{port}")
        return ("other", name) if name else None


def said(line: str, engine: Any = None, **entry: Any) -> tuple[str, str, str] | None:
    web = service(**entry)
    others = [service("vpn"), service("side", network_mode="service:vpn"), service("db")]
    found = listening.find(replica(line, web=web, services=others, engine=engine or Host()))
    return told(found) if found else None


@pytest.mark.parametrize(
    "line",
    [
        "Error: listen EADDRINUSE: address already in use :::3000",
        "Error: listen EADDRINUSE: address already in use 0.0.0.0:3000",
        "listen tcp :3000: bind: address already in use",
        "listen tcp4 0.0.0.0:3000: bind: address already in use",
        "nginx: [emerg] bind() to 0.0.0.0:3000 failed (98: Address already in use)",
        "[Errno 98] error while attempting to bind on address ('0.0.0.0', 3000): address already in use",
        "Could not create server TCP listening socket *:3000: bind: Address already in use",
        "Port 3000 is already in use",
        "Web server failed to start. Port 3000 was already in use.",
    ],
)
def test_the_words_of_programs(line: str) -> None:
    assert said(line) == (
        "",
        "cannot listen on port 3000: another program in its container has it",
        "let web start only one program that listens on port 3000, then: invoke dev",
    )


def test_words_without_a_port() -> None:
    message = "cannot listen on its port: another program in its container has it"
    assert (said("OSError: [Errno 98] Address already in use") or ("", ""))[1] == message


def test_a_network_that_is_shared() -> None:
    assert said("listen EADDRINUSE: address already in use :::8080", network_mode="service:vpn") == (
        "",
        "cannot listen on port 8080: another program has it in the network that it shares with vpn, side",
        "let web listen on another port, then: invoke dev",
    )


def test_a_container_has_the_port_of_the_machine() -> None:
    found = said("listen tcp :8080: bind: address already in use", Host(p8080="shop-web-1"), network_mode="host")
    assert found == (
        "",
        f"cannot listen on port 8080: {HOST} container shop-web-1 has it",
        "let web listen on another port, then: invoke dev\ndocker stop shop-web-1",
    )


def test_a_process_has_the_port_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_ports, "owner", lambda _: "process 4711 (nginx)")
    monkeypatch.setattr(host_ports, "stop", lambda _, owner: f"kill {owner.split()[1]}")
    with socket.create_server(("", 0)) as server:
        number = server.getsockname()[1]
        variables = {"OTHER_PORT": "1", "WEB_PORT": str(number), "SIZE": str(number)}
        found = said("OSError: [Errno 98] Address already in use", network_mode="host", environment=variables)
    assert found == (
        "",
        f"cannot listen on port {number}: {HOST} process 4711 (nginx) has it",
        "let web listen on another port, then: invoke dev\nkill 4711",
    )


def test_a_port_that_nobody_names() -> None:
    message = f"cannot listen on its port: {HOST} another program has it"
    assert (said("Address already in use", network_mode="host") or ("", ""))[1] == message


def test_other_words_and_other_runtimes_are_left_to_others() -> None:
    assert said("the address is in the book") is None
    assert listening.find(replica("listen tcp :80: bind: address already in use")) is None
