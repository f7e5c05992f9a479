"""A service that runs and cannot be reached from this machine: what is said of it, and what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.replicas import container, service
from upready.diagnosis.evidence import Evidence
from upready.diagnosis.log import Log
from upready.diagnosis.rules import address
from upready.readiness.health import Health, Verdict
from upready.runtime.docker.engine import Engine
from upready.runtime.interface import Container
from upready.stack.model import Model
from upready.stack.selection import Stack
from upready.support.http_probe import Probe

URL = "http://127.0.0.1:8000/health"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PORTS = (("127.0.0.1", 8000, "tcp", 80),)
ANY, LOOPBACK = "00000000", "0100007F"


class Sockets:
    """An engine's API; the container's table of sockets is what the test says, or there is no `cat`."""

    base_url = "http+docker://localhost"

    def __init__(self, *listening: tuple[str, int], fails: bool = False) -> None:
        rows = [f"{number}: {host}:{port:04X} 00000000:0000 0A" for number, (host, port) in enumerate(listening)]
        self.table = "\n".join(["  sl  local_address rem_address   st", *rows]).encode()
        self.fails = fails
        self.asked: list[object] = []

    def exec_create(self, identifier: str, words: list[str]) -> dict[str, str]:
        if self.fails:
            raise ConnectionRefusedError
        self.asked += [identifier, *words]
        return {"Id": "exec"}

    def exec_start(self, identifier: str) -> bytes:
        assert identifier == "exec"
        return self.table


def evidence(
    api: object,
    *,
    error: str | None = "connection refused",
    code: int | None = None,
    holder: Container | None = None,
    shares: str = "",
    **given: Any,
) -> Evidence:
    """What is known of a service `web` whose probe failed; with `shares` it uses the network of that service."""
    one = container(**{"ports": PORTS, **given})
    web = service(**({"network_mode": f"service:{shares}"} if shares else {}))
    probe = Probe(URL, code, None, error, {})
    health = Health("web", 1, one, probe, Verdict.WAITING, "is not ready yet", "starting")
    others = {"proxy": Health("proxy", 1, holder, None, Verdict.READY, "runs", "runs")}
    return Evidence(
        engine=Engine(SimpleNamespace(api=api)),  # type: ignore[arg-type] # all of the SDK that it asks for
        model=Model({"web": web}, {}, {}, Stack(Path(address.__file__), "dev", (), (), "shop")),
        service=web,
        health=health,
        log=Log(),
        refusal=None,
        others=others,
    )


def told(one: Evidence) -> tuple[str, str]:
    finding = address.find(one)
    assert finding is not None
    return finding.message, finding.next


@pytest.mark.parametrize("error", ["connection refused", "connection closed without an answer"])
def test_one_that_listens_for_itself_only(error: str) -> None:
    api = Sockets((LOOPBACK, 80))
    one = evidence(api, error=error)
    message = "listens on 127.0.0.1:80 in its container, where nobody else reaches it"
    assert told(one) == (message, one.then("let web listen on 0.0.0.0"))
    assert api.asked == ["web1", "cat", "/proc/net/tcp", "/proc/net/tcp6"]


def test_nothing_is_said_where_there_is_another_reason() -> None:
    there = (LOOPBACK, 80)
    assert address.find(evidence(Sockets(there), error="no answer within 2 s")) is None
    assert address.find(evidence(Sockets(there), error="connection refused", code=503)) is None
    assert address.find(evidence(Sockets(there), state="exited")) is None
    assert address.find(evidence(Sockets())) is None
    assert address.find(evidence(Sockets(there, fails=True))) is None
    assert address.find(evidence(Sockets((ANY, 80)))) is None
    assert address.find(evidence(Sockets((ANY, 80), there))) is None
    one = evidence(Sockets(there))
    assert address.find(replace(one, engine=SimpleNamespace())) is None  # type: ignore[arg-type] # runs natively
    assert address.find(replace(one, health=replace(one.health, probe=None))) is None
    assert address.find(replace(one, health=replace(one.health, container=None))) is None


def test_a_port_that_is_not_published() -> None:
    one = evidence(Sockets((ANY, 80)), ports=(("", 8080, "tcp", 80), ("", 8443, "tcp", 443)))
    step = one.then("publish it under ports: of web, or correct x-ops.health of web")
    message = f"cannot be reached at {URL}: it publishes no port 8000 (but 8080, 8443)"
    assert told(one) == (message, step)
    one = evidence(Sockets((ANY, 80)), ports=())
    assert told(one)[0] == f"cannot be reached at {URL}: it publishes no port 8000 (but none)"


def test_a_port_that_is_not_open() -> None:
    one = evidence(Sockets((ANY, 8081), (ANY, 8080), (LOOPBACK, 9000)))
    step = "let web listen on 80, or publish under ports: of web the port that web listens on"
    message = "does not listen on port 80, which is published at 8000, but on 8080, 8081"
    assert told(one) == (message, one.then(step))


def test_a_port_that_is_not_open_yet() -> None:
    ports = (*PORTS, ("", 9464, "tcp", 9464))
    for listening in ([(ANY, 9464)], [(LOOPBACK, 9000)]):
        one = evidence(Sockets(*listening), ports=ports)
        words = "does not listen yet on port 80, which is published at 8000"
        assert told(one) == (words, "invoke logs --service web")


def test_another_kind_of_network_is_no_service() -> None:
    one = evidence(Sockets((LOOPBACK, 80)))
    one = replace(one, service=service(network_mode="bridge"))
    assert told(one)[0].startswith("listens on 127.0.0.1:80 in its container")


# One that uses the network of another.


def shared(*listening: tuple[str, int], holder: Container | None = None, **given: Any) -> Evidence:
    """The same with the network of `proxy`, which publishes the port."""
    there = holder or container(id="proxy1", service="proxy", ports=PORTS, started=NOW)
    mode = {"HostConfig": {"NetworkMode": "container:proxy1"}}
    return evidence(
        Sockets(*listening), shares="proxy", holder=there, **{"ports": (), "raw": mode, "started": NOW, **given}
    )


def test_in_the_network_of_another_that_ones_ports_count() -> None:
    one = shared((LOOPBACK, 80))
    message = "listens on 127.0.0.1:80 in the network of proxy, where nobody else reaches it"
    assert told(one) == (message, one.then("let web listen on 0.0.0.0"))
    assert told(shared((ANY, 8080)))[0] == (
        "does not listen on port 80, which proxy, whose network it uses, publishes at 8000, but on 8080"
    )
    step = "let web listen on 80, or publish under ports: of proxy the port that web listens on"
    assert told(shared((ANY, 8080)))[1] == one.then(step)


def test_a_port_that_the_other_does_not_publish() -> None:
    one = shared(holder=container(id="proxy1", ports=()))
    message = f"cannot be reached at {URL}: it uses the network of proxy, which publishes no port 8000 (but none)"
    assert told(one) == (message, one.then("publish it under ports: of proxy, or correct x-ops.health of web"))


@pytest.mark.parametrize(
    ("mode", "started"),
    [
        ("container:before", NOW),
        ("container:proxy1", NOW - timedelta(seconds=1)),
        ("", NOW - timedelta(seconds=1)),
    ],
)
def test_a_network_that_is_gone(mode: str, started: datetime) -> None:
    one = shared((LOOPBACK, 80), raw={"HostConfig": {"NetworkMode": mode}}, started=started)
    assert told(one) == (
        f"cannot be reached at {URL}: it uses the network of proxy, and proxy was started again without it, "
        "so that this network is gone",
        "invoke restart --service web",
    )


@pytest.mark.parametrize(
    "given",
    [
        {"started": NOW + timedelta(seconds=1)},
        {"started": None},
        {"raw": {}},
        {"raw": {"HostConfig": {"NetworkMode": "host"}}},
    ],
)
def test_a_network_that_is_there(given: dict[str, Any]) -> None:
    assert told(shared((LOOPBACK, 80), **given))[0].startswith("listens on 127.0.0.1:80 in the network of proxy")


def test_one_whose_other_is_not_known() -> None:
    assert address.find(evidence(Sockets((LOOPBACK, 80)), shares="gone")) is None
    assert address.find(evidence(Sockets((LOOPBACK, 80)), shares="proxy", holder=None)) is None


def test_a_table_of_sockets() -> None:
    rows = [
        "  sl  local_address rem_address   st tx_queue",
        "0: 0100007F:1F40 00000000:0000 0A",
        "1: 0B00007F:9C2B 00000000:0000 0A 00000000",
        "2: 00000000:1F90 00000000:0000 0A 00000000",
        "3: 0100007F:1F41 0100007F:D2A4 01 00000000",
        "4: 0200007F:1F43 00000000:0000 0A 00000000",
        "5: 00000000000000000000000001000000:1F42 00:0000 0A 00000000",
        "6: 00000000000000000000000000000000:1F44 00:0000 0A 00000000",
        "7: 0000000000000000FFFF00000100007F:1F45 00:0000 0A 00000000",
        "8: 00000000 00000000:0000 0A",
        "short 0100007F:1F46 0A",
        "",
    ]
    loopback, anywhere = {8000, 8002, 8003}, {8080, 8004, 8005}
    wanted = {("loopback", each) for each in loopback} | {("any", each) for each in anywhere}
    assert address.parse("\n".join(rows)) == wanted
