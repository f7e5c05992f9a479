"""Whom a probe asks, where replicas share a port or have one each."""

from __future__ import annotations

import pytest

from tests.unit.replicas import container, service
from upready.readiness import one_look
from upready.runtime.interface import Container


class Local:
    """What `targets` asks of a runtime."""

    local = True


def published(identifier: str, port: int) -> Container:
    return container(id=identifier, replica=int(identifier[-1]), ports=(("127.0.0.1", port, "tcp", 8000),))


def test_one_replica_is_asked_at_the_url_itself() -> None:
    # Also where it publishes nothing: something in front of it may answer for it.
    found = one_look.targets(Local(), service(probe=True), [container(id="web1")])  # type: ignore[arg-type]
    assert found == {"web1": "http://127.0.0.1:8000/health"}


def test_replicas_are_asked_each_at_its_own_port() -> None:
    replicas = [published("web1", 8000), published("web2", 8001)]
    found = one_look.targets(Local(), service(probe=True, replicas=2), replicas)  # type: ignore[arg-type]
    assert found == {"web1": "http://127.0.0.1:8000/health", "web2": "http://127.0.0.1:8001/health"}


def test_replicas_behind_one_port_are_not_asked() -> None:
    replicas = [container(id="web1"), container(id="web2", replica=2)]
    assert one_look.targets(Local(), service(probe=True, replicas=2), replicas) == {}  # type: ignore[arg-type]


def test_what_does_not_run_is_not_asked() -> None:
    assert one_look.targets(Local(), service(probe=True), [container(state="exited")]) == {}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "port"),
    [("http://h:8/x", 8), ("http://h/x", 80), ("https://h/x", 443), ("http://h:x/", None), ("ftp://h", None)],
)
def test_the_port_of_a_url(url: str, port: int | None) -> None:
    assert one_look.port(url) == port
