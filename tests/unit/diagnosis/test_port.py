"""A port that a service cannot get: who has it, and how to choose another."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.unit.diagnosis.cases import Machine, replica, told
from tests.unit.replicas import service
from upready.diagnosis.rules import port
from upready.stack.compose_failure import Failure
from upready.stack.service import Port
from upready.support import shell_words

COMPOSE = "services:\n  web:\n    image: shop-web\n    ports:\n      - 5432:5432\n      - 53:53/udp\n"
BY_VARIABLE = "services:\n  web:\n    image: shop-web\n    ports:\n      - ${WEB_PORT:-443}:443\n"
CHOOSE = "choose another port in compose.yaml:5, then: <the same command>"


class Holding(Machine):
    """An engine one of whose containers has a port."""

    def __init__(self, number: int, protocol: str = "tcp", address: str = "http+docker://localhost") -> None:
        ports = [{"PublicPort": number, "Type": protocol, "IP": "::"}]
        super().__init__(containers=lambda: [{"Names": ["/other-db-1"], "Ports": ports}])
        self.client.api.base_url = address


def refused(root: Path, engine: object, number: int, kind: Any = "port", compose: str = COMPOSE) -> tuple[str, str]:
    """What is said of a service that may not have a port, and what to do."""
    web = replace(service(), ports=(Port("", 5432, "tcp", 5432), Port("", 53, "udp", 53)))
    one = replica(engine=engine, web=web, failure=Failure(kind, "x", port=number), root=root, compose=compose)
    return told(port.find(one))[1:]


def test_a_container_that_has_it(tmp_path: Path) -> None:
    message = "could not start: its port 5432 is taken by container other-db-1"
    step = f"{CHOOSE}\ndocker stop other-db-1"
    assert refused(tmp_path, Holding(5432), 5432) == (message, step)
    # Also on another machine, where no process can be looked for.
    assert refused(tmp_path, Holding(5432, address="http://10.0.0.1:2375"), 5432) == (message, step)


def test_a_port_of_another_protocol_is_another_port(tmp_path: Path) -> None:
    assert "is taken by container other-db-1" in refused(tmp_path, Holding(53, "udp"), 53)[0]
    assert "container" not in refused(tmp_path, Holding(53), 53)[0]
    assert "container" not in refused(tmp_path, Holding(5432, "udp"), 5432)[0]


def test_a_port_that_the_model_does_not_tell_is_one_of_tcp(tmp_path: Path) -> None:
    assert "is taken by container other-db-1" in refused(tmp_path, Holding(9000), 9000)[0]
    assert "container" not in refused(tmp_path, Holding(9000, "udp"), 9000)[0]


def test_another_port_is_offered_where_a_variable_gives_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("WEB_PORT=5432\n", encoding="utf-8")
    step = refused(tmp_path, Holding(5432), 5432, compose=BY_VARIABLE)[1]
    command, stop = step.splitlines()
    assert re.fullmatch(r"invoke env\.set WEB_PORT=54\d\d", command)
    assert stop == "docker stop other-db-1"


def test_a_process_that_has_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        message, step = refused(tmp_path, Machine(containers=list), number)
    begin = f"could not start: its port {number} is taken by process {os.getpid()} ("
    assert message.startswith(begin)
    assert step.splitlines()[1] == shell_words.end_command(os.getpid())


def test_on_another_machine_nobody_knows_the_process(tmp_path: Path) -> None:
    engine = Machine(containers=list)
    engine.client.api.base_url = "http://10.0.0.1:2375"
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        message, step = refused(tmp_path, engine, number)
    assert message == f"could not start: its port {number} is taken by another process"
    assert step.splitlines()[1] == "stop another process, then: <the same command>"


def test_a_port_that_the_engine_may_not_use(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("WEB_PORT=443\n", encoding="utf-8")
    assert refused(tmp_path, Machine(), 443, "port denied", BY_VARIABLE) == (
        "could not start: the engine may not listen on port 443",
        "invoke env.set WEB_PORT=8443",
    )
    assert refused(tmp_path, Machine(), 53, "port denied") == (
        "could not start: the engine may not listen on port 53",
        "choose another port in compose.yaml:6, then: <the same command>",
    )


def test_other_failures_are_left_to_others() -> None:
    assert port.find(replica()) is None
    assert port.find(replica(failure=Failure("container", "x", port=80))) is None
