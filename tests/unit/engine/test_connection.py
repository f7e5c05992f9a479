"""Answers of an engine that come in pieces, or not at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from upready.engine import connection, endpoint, heartbeat
from upready.engine.heartbeat import Heartbeat
from upready.support.errors import EngineError


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for an engine that is gone."""
    monkeypatch.setattr(heartbeat, "LOST", 0.2)
    monkeypatch.setattr(heartbeat, "LAST_TRY", 0.05)
    monkeypatch.setattr(connection, "EARLY", 0.05)


def test_all_pieces_come_in_their_order() -> None:
    pieces = iter([b"a", b"b", b"c"])
    assert list(connection.flowing(pieces, Heartbeat(lambda _: True))) == [b"a", b"b", b"c"]


def test_an_engine_that_is_gone_ends_them() -> None:
    over = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"a"
        over.wait(60)

    pulse = Heartbeat(lambda _: False)
    pulse.pace = 0.01
    found = connection.flowing(pieces(), pulse)
    assert next(found) == b"a"
    with pytest.raises(EngineError, match="has stopped answering"):
        next(found)
    over.set()


def test_a_connection_that_is_cut_is_told() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"a"
        raise ConnectionResetError("cut")

    found = connection.flowing(pieces(), Heartbeat(lambda _: True))
    assert next(found) == b"a"
    with pytest.raises(EngineError, match="no Docker Engine answers"):
        next(found)


def test_a_slow_engine_is_waited_for() -> None:
    goes_on = threading.Event()

    def pieces() -> Iterator[bytes]:
        assert goes_on.wait(60)
        yield b"a"

    def ping(_: float) -> bool:
        goes_on.set()
        return True

    assert list(connection.flowing(pieces(), Heartbeat(ping))) == [b"a"]


def test_an_error_names_the_engine_that_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task in a swarm asks the manager, and the engines of other nodes."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://10.0.0.1:2375")
    request = SimpleNamespace(url="http://10.0.0.2:2375/containers/json")

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError("Connection refused")

    node = connection._Watched(refuse, Heartbeat(lambda _: True), endpoint.Endpoint("tcp://10.0.0.2:2375"))
    with pytest.raises(EngineError, match=r"answers at tcp://10\.0\.0\.2:2375"), connection.answering():
        node(request)
    endpoint.asks(endpoint.asked())
    with pytest.raises(EngineError, match=r"10\.0\.0\.1"), connection.answering():
        raise ConnectionRefusedError("Connection refused")
