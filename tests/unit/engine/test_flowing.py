"""An answer that comes in pieces, from an engine that stops in the middle of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from upready.engine import connection, heartbeat
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
